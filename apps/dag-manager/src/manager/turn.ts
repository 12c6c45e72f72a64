/**
 * Lets work run one piece at a time, in the order it came. Plans that wait for each other are made once; plans that race
 * are made again.
 */
export class Turn {
  #last: Promise<unknown> = Promise.resolve();

  take<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    const answer = this.#last.then(work);
    this.#last = answer.catch(() => {});
    return answer;
  }
}
