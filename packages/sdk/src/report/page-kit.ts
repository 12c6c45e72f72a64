/** How a figure is written: see `formatFigure`. */
export type FigureKind =
  "percent" | "ratio" | "money" | "price" | "quantity" | "count" | "duration" | "instant" | "lastDay" | "text";

/** One chart over the run's clock. Points are bars, or buckets of bars with their lowest and highest value. */
export interface Chart {
  readonly id: string;
  readonly kind: FigureKind;
  readonly timeKind: "instant" | "lastDay";
  /** Value that is always in view, drawn as a line; null: none. */
  readonly baseline: number | null;
  readonly series: readonly ChartSeries[];
  readonly markers: readonly ChartMarkers[];
}

export interface ChartSeries {
  readonly label: string;
  readonly style: string; // CSS class
  readonly area: boolean; // filled down to the baseline
  readonly low: Float64Array; // NaN: nothing here
  readonly high: Float64Array; // `low` itself where every point is one bar
}

export interface ChartMarkers {
  readonly label: string;
  readonly style: "buy" | "sell";
  readonly at: Float64Array; // point index, ascending
  readonly price: Float64Array; // mean of the fills in the point
  readonly count: Float64Array;
}

export interface PlotView {
  readonly from: number; // first point
  readonly to: number; // one past the last
  readonly width: number; // px
  readonly height: number;
  readonly log: boolean;
}

interface Scale {
  x(point: number): number; // px
  y(value: number): number;
}

export interface PageKit {
  readonly formatFigure: (value: number | string | null, kind: FigureKind) => string;
  /** What stands inside a plot: SVG and axis labels. Holds nothing but numbers and our own words. */
  readonly plotMarkup: (chart: Chart, times: Float64Array, view: PlotView) => string;
  /** Values of all series at one point, in words. */
  readonly pointText: (chart: Chart, times: Float64Array, index: number) => string;
}

/**
 * Formatting and drawing, shared by the renderer and the page: its source text is put into the page. So it is
 * closed: it may reach for nothing outside itself but the language's own objects. And it is made of methods, because
 * bundlers that keep names wrap every other named function in a helper that the page does not have.
 */
export function pageKit(): PageKit {
  const dayMs = 86_400_000;
  const notDefined = "–";

  const kit = {
    /**
     * English digits whatever the locale, UTC times, a true minus sign; null is a dash. Percent takes a fraction,
     * duration milliseconds, instant and lastDay epoch milliseconds: lastDay is the day that ends then, which is how
     * daily bars are known.
     */
    formatFigure(value: number | string | null, kind: FigureKind): string {
      if (value === null || value === undefined) return notDefined;
      if (typeof value === "string") return value;
      if (kind === "percent") return kit.grouped(value * 100, Math.abs(value) >= 100 ? 0 : 2) + "%";
      if (kind === "ratio") return kit.grouped(value, 2);
      if (kind === "count") return kit.grouped(value, 0);
      const tiny = value !== 0 && Math.abs(value) < 1e-7;
      if (tiny && (kind === "money" || kind === "price" || kind === "quantity")) return kit.exponential(value);
      if (kind === "money")
        return kit.grouped(value, value !== 0 && Math.abs(value) < 1 ? kit.significant(value, 4) : 2);
      if (kind === "price") return kit.grouped(value, value === 0 ? 0 : Math.max(2, kit.significant(value, 6)));
      if (kind === "quantity") return kit.trimmed(kit.grouped(value, value === 0 ? 0 : kit.significant(value, 6)));
      if (kind === "duration") return kit.duration(value);
      if (kind === "instant") return kit.instant(value);
      if (kind === "lastDay") return kit.instant(value - 1).slice(0, 10);
      return String(value);
    },

    // Decimals that show `digits` significant digits.
    significant(value: number, digits: number): number {
      return Math.min(12, Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(value)))));
    },

    grouped(value: number, decimals: number): string {
      const size = Math.abs(value);
      if (size >= 1e15) return kit.exponential(value);
      const [whole, fraction] = size.toFixed(decimals).split(".") as [string, string?];
      const sign = value < 0 && Number(size.toFixed(decimals)) !== 0 ? "−" : "";
      return sign + whole.replace(/\B(?=(\d{3})+$)/g, ",") + (fraction ? "." + fraction : "");
    },

    exponential(value: number): string {
      return value.toExponential(3).replaceAll("-", "−").replace("+", "");
    },

    trimmed(text: string): string {
      return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
    },

    duration(ms: number): string {
      if (ms >= 2 * 365.25 * dayMs) return kit.grouped(ms / (365.25 * dayMs), 1) + " years";
      if (ms >= 2 * dayMs) return kit.grouped(ms / dayMs, 0) + " days";
      if (ms >= 7_200_000) return kit.trimmed(kit.grouped(ms / 3_600_000, 1)) + " h";
      if (ms >= 60_000) return kit.trimmed(kit.grouped(ms / 60_000, 1)) + " min";
      return kit.trimmed(kit.grouped(ms / 1_000, 1)) + " s";
    },

    instant(ms: number): string {
      const text = new Date(ms).toISOString();
      const end = text.endsWith("T00:00:00.000Z") ? -14 : text.endsWith(":00.000Z") ? -8 : -5;
      return text.slice(0, end).replace("T", " ");
    },

    // 1, 2 or 5 times a power of ten, about `count` of them inside the range.
    niceTicks(min: number, max: number, count: number): number[] {
      const rough = (max - min) / count;
      const power = 10 ** Math.floor(Math.log10(rough));
      const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
      const ticks = [];
      for (let tick = Math.ceil(min / step); tick * step <= max; tick++) ticks.push(tick * step);
      return ticks;
    },

    logTicks(min: number, max: number): number[] {
      const ticks = [];
      for (let power = 10 ** Math.floor(Math.log10(min)); power <= max; power *= 10) {
        for (const factor of [1, 2, 5]) if (factor * power >= min && factor * power <= max) ticks.push(factor * power);
      }
      return ticks;
    },

    axisLabel(value: number, kind: FigureKind, step: number): string {
      const unit = kind === "percent" ? step * 100 : step;
      const decimals = Math.min(8, Math.max(0, -Math.floor(Math.log10(unit) + 1e-9)));
      if (kind === "percent") return kit.grouped(value * 100, decimals) + "%";
      const size = Math.abs(value);
      if (size >= 1e9) return kit.trimmed(kit.grouped(value / 1e9, 2)) + "B";
      if (size >= 1e6) return kit.trimmed(kit.grouped(value / 1e6, 3)) + "M";
      return kit.grouped(value, decimals);
    },

    valueRange(chart: Chart, view: PlotView): { min: number; max: number } {
      let min = chart.baseline ?? Number.POSITIVE_INFINITY;
      let max = chart.baseline ?? Number.NEGATIVE_INFINITY;
      for (const { low, high } of chart.series) {
        for (let i = view.from; i < view.to; i++) {
          if (low[i]! < min) min = low[i]!;
          if (high[i]! > max) max = high[i]!;
        }
      }
      if (min > max) return { min: 0, max: 1 };
      if (min === max) {
        const around = Math.abs(min) * 0.01 || 0.01;
        return { min: min - around, max: max + around };
      }
      if (view.log && min > 0) {
        const factor = (max / min) ** 0.04;
        return { min: min / factor, max: max * factor };
      }
      const margin = (max - min) * 0.04;
      return { min: min === chart.baseline ? min : min - margin, max: max === chart.baseline ? max : max + margin };
    },

    // At most two points per pixel column, the lowest and the highest: spikes survive, whatever the zoom.
    linePath(series: ChartSeries, view: PlotView, scale: Scale): string {
      const points = view.to - view.from;
      const columns = Math.min(points, Math.max(2, Math.round(view.width / 1.5)));
      let path = "";
      let pen = "M";
      for (let column = 0; column < columns; column++) {
        const from = view.from + Math.floor((column * points) / columns);
        const to = view.from + Math.floor(((column + 1) * points) / columns);
        let low = Number.NaN;
        let high = Number.NaN;
        let lowAt = from;
        let highAt = from;
        for (let i = from; i < to; i++) {
          // Written so that NaN never wins and the first value always does.
          if (!(series.low[i]! >= low) && series.low[i]! === series.low[i]!) {
            low = series.low[i]!;
            lowAt = i;
          }
          if (!(series.high[i]! <= high) && series.high[i]! === series.high[i]!) {
            high = series.high[i]!;
            highAt = i;
          }
        }
        if (low !== low) {
          pen = "M";
          continue;
        }
        const rising = lowAt <= highAt;
        path += `${pen}${scale.x((from + to - 1) / 2).toFixed(1)} ${scale.y(rising ? low : high).toFixed(1)}`;
        pen = "L";
        if (low !== high) path += `V${scale.y(rising ? high : low).toFixed(1)}`;
      }
      return path;
    },

    seriesMarkup(chart: Chart, series: ChartSeries, view: PlotView, scale: Scale): string {
      const line = kit.linePath(series, view, scale);
      if (line === "") return "";
      let area = "";
      if (series.area && chart.baseline !== null) {
        const floor = scale.y(chart.baseline).toFixed(1);
        const first = /^M([\d.-]+)/.exec(line)![1]!;
        const closed = line.replace(/^M/, `M${first} ${floor}L`);
        area = `<path class="area ${series.style}" d="${closed}H${scale.x(view.to - 1).toFixed(1)}V${floor}Z"/>`;
      }
      return `${area}<path class="line ${series.style}" d="${line}"/>`;
    },

    // Triangles at the fills while they can be told apart, else two rows of ticks: buys below, sells above.
    markerMarkup(chart: Chart, view: PlotView, scale: Scale): string {
      const inView = chart.markers.map(({ at }) => {
        let count = 0;
        for (const i of at) if (i >= view.from && i < view.to) count++;
        return count;
      });
      const crowded = Math.max(0, ...inView) > view.width / 9;
      return chart.markers
        .map(({ at, price, style }) => {
          const down = style === "sell" ? -1 : 1;
          let path = "";
          let last = Number.NEGATIVE_INFINITY;
          for (let k = 0; k < at.length; k++) {
            if (at[k]! < view.from || at[k]! >= view.to) continue;
            const left = scale.x(at[k]!);
            if (crowded) {
              if (left - last < 1.5) continue;
              last = left;
              path += `M${left.toFixed(1)} ${style === "sell" ? 2 : view.height - 9}v7`;
            } else {
              const tip = scale.y(price[k]!) + down * 3;
              path += `M${left.toFixed(1)} ${tip.toFixed(1)}l4.5 ${down * 8}h-9z`;
            }
          }
          return path === "" ? "" : `<path class="${crowded ? "tick" : "mark"} ${style}" d="${path}"/>`;
        })
        .join("");
    },

    timeLabel(ms: number, spanMs: number): string {
      const text = new Date(ms - 1).toISOString();
      if (spanMs > 5 * 365 * dayMs) return text.slice(0, 4);
      if (spanMs > 200 * dayMs) return text.slice(0, 7);
      if (spanMs > 5 * dayMs) return text.slice(0, 10);
      const minute = new Date(ms).toISOString();
      return spanMs > dayMs / 2 ? minute.slice(5, 16).replace("T", " ") : minute.slice(11, 16);
    },

    plotMarkup(chart: Chart, times: Float64Array, view: PlotView): string {
      const { width, height, from, to } = view;
      const range = kit.valueRange(chart, view);
      const log = view.log && range.min > 0;
      const bottom = log ? Math.log(range.min) : range.min;
      const perValue = height / ((log ? Math.log(range.max) : range.max) - bottom);
      const perPoint = width / Math.max(1, to - from - 1);
      const scale: Scale = {
        x(i) {
          return (i - from) * perPoint;
        },
        y(value) {
          return height - ((log ? Math.log(value) : value) - bottom) * perValue;
        },
      };

      const nice = kit.niceTicks(range.min, range.max, Math.max(3, height / 45));
      const step = nice.length > 1 ? nice[1]! - nice[0]! : range.max - range.min;
      const ticks = log && range.max > 4 * range.min ? kit.logTicks(range.min, range.max) : nice;
      let grid = "";
      let labels = "";
      let lastTop = Number.POSITIVE_INFINITY;
      for (const tick of ticks) {
        const top = scale.y(tick);
        if (lastTop - top < 18) continue; // on a log scale the upper ticks crowd
        lastTop = top;
        grid += `M0 ${top.toFixed(1)}H${width}`;
        const label = kit.axisLabel(tick, chart.kind, Math.min(step, log ? tick : step));
        labels += `<span class="y" style="top:${((top / height) * 100).toFixed(2)}%">${label}</span>`;
      }
      const spanMs = times[to - 1]! - times[from]!;
      let shown = "";
      for (let k = 0; k < 5; k++) {
        const label = kit.timeLabel(times[from + Math.round(((k + 0.5) / 5) * (to - 1 - from))]!, spanMs);
        if (label === shown) continue;
        shown = label;
        labels += `<span class="x x${k}" style="left:${k * 20 + 10}%">${label}</span>`;
      }
      const base =
        chart.baseline === null ? "" : `<path class="base" d="M0 ${scale.y(chart.baseline).toFixed(1)}H${width}"/>`;
      const lines = chart.series.map((series) => kit.seriesMarkup(chart, series, view, scale)).join("");
      const marks = kit.markerMarkup(chart, view, scale);
      return `<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" aria-hidden="true" focusable="false"><path class="grid" d="${grid}"/>${base}${lines}${marks}</svg>${labels}`;
    },

    pointText(chart: Chart, times: Float64Array, index: number): string {
      const parts = [kit.formatFigure(times[index]!, chart.timeKind)];
      for (const { label, low, high } of chart.series) {
        const least = low[index]!;
        const most = high[index]!;
        let text = notDefined;
        if (least === least) {
          text = kit.formatFigure(least, chart.kind);
          if (most !== least) text += " to " + kit.formatFigure(most, chart.kind);
        }
        parts.push(label + " " + text);
      }
      for (const { label, at, price, count } of chart.markers) {
        const k = at.indexOf(index);
        if (k < 0) continue;
        parts.push(count[k] === 1 ? label + " at " + kit.formatFigure(price[k]!, "price") : count[k] + " × " + label);
      }
      return parts.join(" · ");
    },
  };
  return kit;
}

export const { formatFigure, plotMarkup, pointText } = pageKit();
