import { pageKit } from "./page-kit.ts";

/**
 * The page's script: zoom and crosshair over all charts, the table of trades, details of a node. The page reads well
 * without it.
 */
export const pageScript = `"use strict";
var kit = (${pageKit.toString()})();
${String.raw`(function () {
  var byId = function (id) { return document.getElementById(id); };
  var report = JSON.parse(byId("qmtl-report").textContent);
  var page = JSON.parse(byId("qmtl-page").textContent);
  document.documentElement.classList.add("js");
  charts();
  trades();
  nodes();

  function charts() {
    var times = floats(page.times);
    var points = times.length;
    var from = 0, to = points, cursor = points - 1, log = false;
    var least = Math.min(points, points < page.bars ? 200 : 20); // buckets hide what is inside them
    var plots = page.charts.map(function (chart) {
      var series = chart.series.map(function (line) {
        var low = floats(line.low);
        return Object.assign({}, line, { low: low, high: line.high === null ? low : floats(line.high) });
      });
      var markers = chart.markers.map(function (marks) {
        return Object.assign({}, marks, { at: floats(marks.at), price: floats(marks.price), count: floats(marks.count) });
      });
      var element = byId("plot-" + chart.id);
      return { chart: Object.assign({}, chart, { series: series, markers: markers }), element: element,
        readout: byId("readout-" + chart.id) };
    });
    if (points < 2) return;
    var queued = false;
    function redraw() {
      if (queued) return;
      queued = true;
      requestAnimationFrame(function () { queued = false; plots.forEach(draw); });
    }
    function draw(plot) {
      var view = { from: from, to: to, width: Math.max(50, plot.element.clientWidth), height: plot.element.clientHeight,
        log: log && plot.chart.baseline === null };
      plot.element.innerHTML = kit.plotMarkup(plot.chart, times, view) + '<div class="hair"></div>';
      point(plot);
      byId("zoom-out").disabled = byId("zoom-all").disabled = from === 0 && to === points;
      byId("zoom-in").disabled = to - from <= least;
      byId("pan-left").disabled = from === 0;
      byId("pan-right").disabled = to === points;
    }
    function point(plot) {
      var text = kit.pointText(plot.chart, times, cursor);
      plot.readout.textContent = text;
      plot.element.setAttribute("aria-valuenow", cursor);
      plot.element.setAttribute("aria-valuetext", text);
      plot.element.querySelector(".hair").style.left = ((cursor - from) / (to - from - 1)) * 100 + "%";
    }
    function moveTo(index) {
      byId("charts").classList.add("touched");
      cursor = Math.max(0, Math.min(points - 1, index));
      if (cursor < from || cursor >= to) show(cursor - ((to - from) >> 1), to - from);
      else plots.forEach(point);
    }
    function show(start, size) {
      size = Math.max(least, Math.min(points, Math.round(size)));
      from = Math.max(0, Math.min(points - size, Math.round(start)));
      to = from + size;
      cursor = Math.max(from, Math.min(to - 1, cursor));
      redraw();
    }
    function zoom(factor, about) {
      var at = about === undefined ? (from + to) / 2 : about;
      var size = (to - from) * factor;
      show(at - ((at - from) / (to - from)) * size, size);
    }
    function pan(share) { show(from + (to - from) * share, to - from); }
    function indexAt(plot, event) {
      var box = plot.element.getBoundingClientRect();
      var share = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
      return from + Math.round(share * (to - from - 1));
    }
    var keys = {
      ArrowLeft: function () { moveTo(cursor - 1); }, ArrowRight: function () { moveTo(cursor + 1); },
      PageUp: function () { moveTo(cursor - Math.ceil((to - from) / 20)); },
      PageDown: function () { moveTo(cursor + Math.ceil((to - from) / 20)); },
      Home: function () { moveTo(from); }, End: function () { moveTo(to - 1); },
      "+": function () { zoom(0.5, cursor); }, "=": function () { zoom(0.5, cursor); }, "-": function () { zoom(2, cursor); },
      "0": function () { show(0, points); }, Escape: function () { show(0, points); }
    };
    plots.forEach(function (plot) {
      var start = null;
      plot.element.addEventListener("keydown", function (event) {
        if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
        event.preventDefault();
        keys[event.key]();
      });
      plot.element.addEventListener("pointermove", function (event) {
        moveTo(indexAt(plot, event));
        if (start === null) return;
        var brush = plot.element.querySelector(".brush");
        if (!brush) {
          brush = document.createElement("div");
          brush.className = "brush";
          plot.element.append(brush);
        }
        var span = to - from - 1, now = indexAt(plot, event);
        brush.style.left = ((Math.min(start, now) - from) / span) * 100 + "%";
        brush.style.width = (Math.abs(now - start) / span) * 100 + "%";
      });
      plot.element.addEventListener("pointerdown", function (event) {
        moveTo(indexAt(plot, event));
        if (event.pointerType === "mouse" && event.button === 0) {
          start = indexAt(plot, event);
          plot.element.setPointerCapture(event.pointerId);
        }
      });
      plot.element.addEventListener("pointerup", function (event) {
        var begin = start, end = indexAt(plot, event);
        start = null;
        var brush = plot.element.querySelector(".brush");
        if (brush) brush.remove();
        if (begin !== null && Math.abs(end - begin) >= (to - from) / 100) show(Math.min(begin, end), Math.abs(end - begin) + 1);
      });
      plot.element.addEventListener("dblclick", function () { show(0, points); });
    });
    byId("zoom-in").onclick = function () { zoom(0.5); };
    byId("zoom-out").onclick = function () { zoom(2); };
    byId("zoom-all").onclick = function () { show(0, points); };
    byId("pan-left").onclick = function () { pan(-0.5); };
    byId("pan-right").onclick = function () { pan(0.5); };
    byId("log-scale").onclick = function (event) {
      log = !log;
      event.currentTarget.setAttribute("aria-pressed", String(log));
      redraw();
    };
    new ResizeObserver(redraw).observe(byId("charts"));
    page.showTrade = function (entryMs, exitMs) {
      var first = rowAt(entryMs), last = rowAt(exitMs === null ? times[points - 1] : exitMs);
      var size = Math.max(40, (last - first) * 2);
      cursor = first;
      show((first + last) / 2 - size / 2, size);
      plots[0].element.focus();
      plots[0].element.scrollIntoView({ block: "center" });
    };
    function rowAt(time) {
      var index = times.findIndex(function (value) { return value > time; });
      return index < 0 ? points - 1 : index;
    }
  }

  function trades() {
    var table = byId("trade-rows");
    if (!table) return;
    var size = 50, at = 0, rows = report.trades && report.trades.rows, order = null;
    var columns = page.tradeColumns;
    var body = table.tBodies[0];
    var ready = rows ? Promise.resolve() : unpack(page.trades).then(function (text) {
      var values = JSON.parse(text);
      rows = values[0].map(function (first, i) { return values.map(function (column) { return column[i]; }); });
    });
    ready.then(function () {
      order = Uint32Array.from(rows, function (row, i) { return i; });
      byId("trade-pages").hidden = rows.length <= size;
      table.querySelectorAll("th button").forEach(function (button, k) {
        button.onclick = function () { sort(button.closest("th"), columns[k].at); };
      });
      byId("trades-first").onclick = function () { render(0); };
      byId("trades-back").onclick = function () { render(at - size); };
      byId("trades-next").onclick = function () { render(at + size); };
      byId("trades-last").onclick = function () { render(Math.floor((rows.length - 1) / size) * size); };
      body.addEventListener("click", function (event) {
        var button = event.target.closest("button");
        if (!button) return;
        var row = rows[Number(button.dataset.row)];
        page.showTrade(row[page.entryAt], row[page.exitAt]);
      });
      render(0);
    });
    function sort(header, column) {
      var down = header.getAttribute("aria-sort") === "ascending";
      table.querySelectorAll("th").forEach(function (other) { other.removeAttribute("aria-sort"); });
      header.setAttribute("aria-sort", down ? "descending" : "ascending");
      var sign = down ? -1 : 1;
      order.sort(function (a, b) {
        var x = rows[a][column], y = rows[b][column];
        if (x === y) return a - b;
        if (x === null) return 1;
        if (y === null) return -1;
        return x < y ? -sign : sign;
      });
      render(0);
    }
    function render(start) {
      at = Math.max(0, Math.min(start, rows.length - 1));
      body.replaceChildren();
      for (var k = at; k < Math.min(at + size, rows.length); k++) body.append(line(order[k]));
      byId("trade-place").textContent = kit.formatFigure(at + 1, "count") + " to " +
        kit.formatFigure(Math.min(at + size, rows.length), "count") + " of " + kit.formatFigure(rows.length, "count");
      byId("trades-first").disabled = byId("trades-back").disabled = at === 0;
      byId("trades-next").disabled = byId("trades-last").disabled = at + size >= rows.length;
    }
    function line(index) {
      var row = rows[index], tr = document.createElement("tr");
      columns.forEach(function (column, k) {
        var td = document.createElement("td"), value = row[column.at];
        var text = kit.formatFigure(value, column.kind);
        td.dataset.figure = "trades.rows." + index + "." + column.at;
        td.dataset.value = String(value);
        if (column.signed && value !== 0 && value !== null) td.className = value > 0 ? "gain" : "loss";
        if (k === 0) {
          var button = document.createElement("button");
          button.type = "button";
          button.dataset.row = index;
          button.textContent = text;
          button.setAttribute("aria-label", "Show trade " + text + " in the charts");
          td.append(button);
        } else td.textContent = text;
        tr.append(td);
      });
      return tr;
    }
  }

  function nodes() {
    var detail = byId("node-detail");
    if (!detail) return;
    document.querySelectorAll(".graph .node").forEach(function (element) {
      var node = report.nodes[Number(element.dataset.node)];
      var show = function () {
        detail.textContent = element.getAttribute("aria-label") + " · parameters " + JSON.stringify(node.params) + " · " +
          kit.formatFigure(node.rows, "count") + " rows, first " + kit.formatFigure(node.firstValueMs, "instant") + " · " + node.id;
      };
      element.addEventListener("focus", show);
      element.addEventListener("mouseenter", show);
      element.addEventListener("click", show);
    });
  }

  function bytes(text) { return Uint8Array.from(atob(text), function (c) { return c.charCodeAt(0); }); }
  function floats(text) { return new Float64Array(bytes(text).buffer); }
  function unpack(text) {
    return new Response(new Blob([bytes(text)]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).text();
  }
})();`}
`;
