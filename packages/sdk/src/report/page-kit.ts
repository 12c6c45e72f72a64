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

export interface PageKit {
  formatFigure(value: number | string | null, kind: FigureKind): string;
  /** What stands inside a plot: SVG and axis labels. Holds nothing but numbers and our own words. */
  plotMarkup(chart: Chart, times: Float64Array, view: PlotView): string;
  /** Values of all series at one point, in words. */
  pointText(chart: Chart, times: Float64Array, index: number): string;
}

/**
 * Formatting and drawing, shared by the renderer and the page: its source text is put into the page. So it is
 * closed: it may reach for nothing outside itself but the language's own objects, and its types are erased.
 */
export function pageKit(): PageKit {
  const dayMs = 86_400_000;
  const notDefined = "–";

  /**
   * English digits whatever the locale, UTC times, a true minus sign; null is a dash. Percent takes a fraction,
   * duration milliseconds, instant and lastDay epoch milliseconds: lastDay is the day that ends then, which is how
   * daily bars are known.
   */
  function formatFigure(value: number | string | null, kind: FigureKind): string {
    if (value === null || value === undefined) return notDefined;
    if (typeof value === "string") return value;
    if (kind === "percent") return grouped(value * 100, Math.abs(value) >= 100 ? 0 : 2) + "%";
    if (kind === "ratio") return grouped(value, 2);
    if (kind === "count") return grouped(value, 0);
    const tiny = value !== 0 && Math.abs(value) < 1e-7;
    if (tiny && (kind === "money" || kind === "price" || kind === "quantity")) return exponential(value);
    if (kind === "money") return grouped(value, value !== 0 && Math.abs(value) < 1 ? significant(value, 4) : 2);
    if (kind === "price") return grouped(value, value === 0 ? 0 : Math.max(2, significant(value, 6)));
    if (kind === "quantity") return trimmed(grouped(value, value === 0 ? 0 : Math.max(0, significant(value, 6))));
    if (kind === "duration") return duration(value);
    if (kind === "instant") return instant(value);
    if (kind === "lastDay") return instant(value - 1).slice(0, 10);
    return String(value);
  }

  // Decimals that show `digits` significant digits.
  function significant(value: number, digits: number): number {
    return Math.min(12, Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(value)))));
  }

  function grouped(value: number, decimals: number): string {
    const size = Math.abs(value);
    if (size >= 1e15) return exponential(value);
    const [whole, fraction] = size.toFixed(decimals).split(".") as [string, string?];
    const sign = value < 0 && Number(size.toFixed(decimals)) !== 0 ? "−" : "";
    return sign + whole.replace(/\B(?=(\d{3})+$)/g, ",") + (fraction ? "." + fraction : "");
  }

  function exponential(value: number): string {
    return value.toExponential(3).replaceAll("-", "−").replace("+", "");
  }

  function trimmed(text: string): string {
    return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  }

  function duration(ms: number): string {
    if (ms >= 2 * 365.25 * dayMs) return grouped(ms / (365.25 * dayMs), 1) + " years";
    if (ms >= 2 * dayMs) return grouped(ms / dayMs, 0) + " days";
    if (ms >= 7_200_000) return trimmed(grouped(ms / 3_600_000, 1)) + " h";
    if (ms >= 60_000) return trimmed(grouped(ms / 60_000, 1)) + " min";
    return trimmed(grouped(ms / 1_000, 1)) + " s";
  }

  function instant(ms: number): string {
    const text = new Date(ms).toISOString();
    const end = text.endsWith("T00:00:00.000Z") ? -14 : text.endsWith(":00.000Z") ? -8 : -5;
    return text.slice(0, end).replace("T", " ");
  }

  // 1, 2 or 5 times a power of ten, about `count` of them inside the range.
  function niceTicks(min: number, max: number, count: number): number[] {
    const rough = (max - min) / count;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
    const ticks = [];
    for (let tick = Math.ceil(min / step); tick * step <= max; tick++) ticks.push(tick * step);
    return ticks;
  }

  function axisLabel(value: number, kind: FigureKind, step: number): string {
    const unit = kind === "percent" ? step * 100 : step;
    const decimals = Math.min(8, Math.max(0, -Math.floor(Math.log10(unit) + 1e-9)));
    if (kind === "percent") return grouped(value * 100, decimals) + "%";
    const size = Math.abs(value);
    if (size >= 1e9) return trimmed(grouped(value / 1e9, 2)) + "B";
    if (size >= 1e6) return trimmed(grouped(value / 1e6, 3)) + "M";
    return grouped(value, decimals);
  }

  function valueRange(chart: Chart, view: PlotView): { min: number; max: number } {
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
    const margin = (max - min) * 0.04;
    return {
      min: min === chart.baseline || (view.log && min - margin <= 0) ? min : min - margin,
      max: max === chart.baseline ? max : max + margin,
    };
  }

  // At most two points per pixel column, the lowest and the highest: spikes survive, whatever the zoom.
  function linePath(series: ChartSeries, view: PlotView, x: (i: number) => number, y: (v: number) => number): string {
    const points = view.to - view.from;
    const columns = Math.min(points, Math.max(2, Math.round(view.width / 1.5)));
    let path = "";
    let pen = "M";
    for (let column = 0; column < columns; column++) {
      const from = view.from + Math.floor((column * points) / columns);
      const to = view.from + Math.floor(((column + 1) * points) / columns);
      let low = Number.NaN;
      let high = Number.NaN;
      let rising = true;
      for (let i = from; i < to; i++) {
        if (!(low <= series.low[i]!) && series.low[i]! === series.low[i]!) {
          low = series.low[i]!;
          rising = high !== high; // the lowest came before the highest
        }
        if (!(high >= series.high[i]!) && series.high[i]! === series.high[i]!) {
          high = series.high[i]!;
          if (i > from) rising = true;
        }
      }
      if (low !== low) {
        pen = "M";
        continue;
      }
      const at = x((from + to - 1) / 2).toFixed(1);
      path += pen + at + " " + y(rising ? low : high).toFixed(1);
      pen = "L";
      if (low !== high) path += "V" + y(rising ? high : low).toFixed(1);
    }
    return path;
  }

  function seriesMarkup(
    chart: Chart,
    series: ChartSeries,
    view: PlotView,
    x: (i: number) => number,
    y: (v: number) => number,
  ): string {
    const line = linePath(series, view, x, y);
    if (line === "") return "";
    let area = "";
    if (series.area && chart.baseline !== null) {
      const floor = y(chart.baseline).toFixed(1);
      const first = /^M([\d.-]+)/.exec(line)![1]!;
      const closed = line.replace(/^M/, "M" + first + " " + floor + "L");
      area =
        '<path class="area ' + series.style + '" d="' + closed + "H" + x(view.to - 1).toFixed(1) + "V" + floor + 'Z"/>';
    }
    return area + '<path class="line ' + series.style + '" d="' + line + '"/>';
  }

  // Triangles at the fills while they can be told apart, else two rows of ticks: buys below, sells above.
  function markerMarkup(chart: Chart, view: PlotView, x: (i: number) => number, y: (v: number) => number): string {
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
          const left = x(at[k]!);
          if (crowded) {
            if (left - last < 1.5) continue;
            last = left;
            path += "M" + left.toFixed(1) + " " + (style === "sell" ? 2 : view.height - 9) + "v7";
          } else {
            const tip = y(price[k]!) + down * 3;
            path += "M" + left.toFixed(1) + " " + tip.toFixed(1) + "l4.5 " + down * 8 + "h-9z";
          }
        }
        return path === "" ? "" : '<path class="' + (crowded ? "tick " : "mark ") + style + '" d="' + path + '"/>';
      })
      .join("");
  }

  function timeLabel(ms: number, spanMs: number): string {
    const text = new Date(ms - 1).toISOString();
    if (spanMs > 5 * 365 * dayMs) return text.slice(0, 4);
    if (spanMs > 200 * dayMs) return text.slice(0, 7);
    if (spanMs > 5 * dayMs) return text.slice(0, 10);
    const minute = new Date(ms).toISOString();
    return spanMs > dayMs / 2 ? minute.slice(5, 16).replace("T", " ") : minute.slice(11, 16);
  }

  function plotMarkup(chart: Chart, times: Float64Array, view: PlotView): string {
    const { width, height, from, to } = view;
    const range = valueRange(chart, view);
    const log = view.log && range.min > 0;
    const scaled = (value: number) => (log ? Math.log(value) : value);
    const bottom = scaled(range.min);
    const perValue = height / (scaled(range.max) - bottom);
    const perPoint = width / Math.max(1, to - from - 1);
    const x = (i: number) => (i - from) * perPoint;
    const y = (value: number) => height - (scaled(value) - bottom) * perValue;

    const ticks = niceTicks(range.min, range.max, Math.max(3, height / 45));
    const step = ticks.length > 1 ? ticks[1]! - ticks[0]! : range.max - range.min;
    let grid = "";
    let labels = "";
    let lastTop = Number.POSITIVE_INFINITY;
    for (const tick of ticks) {
      const top = y(tick);
      if (lastTop - top < 18) continue; // on a log scale the upper ticks crowd
      lastTop = top;
      grid += "M0 " + top.toFixed(1) + "H" + width;
      labels +=
        '<span class="y" style="top:' +
        ((top / height) * 100).toFixed(2) +
        '%">' +
        axisLabel(tick, chart.kind, step) +
        "</span>";
    }
    const spanMs = times[to - 1]! - times[from]!;
    let shown = "";
    for (let k = 0; k < 5; k++) {
      const label = timeLabel(times[from + Math.round(((k + 0.5) / 5) * (to - 1 - from))]!, spanMs);
      if (label === shown) continue;
      shown = label;
      labels += '<span class="x x' + k + '" style="left:' + (k * 20 + 10) + '%">' + label + "</span>";
    }
    const base =
      chart.baseline === null ? "" : '<path class="base" d="M0 ' + y(chart.baseline).toFixed(1) + "H" + width + '"/>';
    return (
      '<svg viewBox="0 0 ' +
      width +
      " " +
      height +
      '" preserveAspectRatio="none" aria-hidden="true" focusable="false">' +
      '<path class="grid" d="' +
      grid +
      '"/>' +
      base +
      chart.series.map((series) => seriesMarkup(chart, series, view, x, y)).join("") +
      markerMarkup(chart, view, x, y) +
      "</svg>" +
      labels
    );
  }

  function pointText(chart: Chart, times: Float64Array, index: number): string {
    const parts = [formatFigure(times[index]!, chart.timeKind)];
    for (const { label, low, high } of chart.series) {
      const least = low[index]!;
      const most = high[index]!;
      let text = notDefined;
      if (least === least) {
        text = formatFigure(least, chart.kind);
        if (most !== least) text += " to " + formatFigure(most, chart.kind);
      }
      parts.push(label + " " + text);
    }
    for (const { label, at, price, count } of chart.markers) {
      const k = at.indexOf(index);
      if (k < 0) continue;
      parts.push(count[k] === 1 ? label + " at " + formatFigure(price[k]!, "price") : count[k] + " × " + label);
    }
    return parts.join(" · ");
  }

  return { formatFigure, plotMarkup, pointText };
}

export const { formatFigure, plotMarkup, pointText } = pageKit();
