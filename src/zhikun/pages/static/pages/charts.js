// Draws the charts of a page from the data beside them. The table with the same figures stays; it is only folded.
// Nothing moves: no animation at all. What is not known is a gap, and the page says so in words.
(function () {
  "use strict";

  const COLOURS = 6;
  const SHAPES = ["circle", "rect", "triangle", "diamond", "emptyCircle", "emptyRect"];
  const DASHES = ["solid", "dashed", "dotted", [8, 3, 2, 3], [12, 4], [2, 6]];
  const PAPER = 660; // what a sheet of A4 leaves between its margins

  const number = (value) => value.toLocaleString("zh-CN", { maximumFractionDigits: 6 });

  // What the style sheets say where the chart stands: a dark wall has colours and a size of its own.
  function looksOf(place) {
    const styles = getComputedStyle(place);
    const token = (name) => styles.getPropertyValue(name).trim();
    const size = parseFloat(styles.fontSize) || 12;
    const ruler = document.createElement("canvas").getContext("2d");
    ruler.font = size + "px " + styles.fontFamily;
    return {
      token,
      size,
      width: place.clientWidth,
      height: place.clientHeight,
      wide: (text) => ruler.measureText(text).width,
      words: { color: token("--zk-text"), fontSize: size, fontFamily: styles.fontFamily },
      colour: (one, at) => token(one.tone ? toneOf(one.tone) : "--zk-chart-" + ((at % COLOURS) + 1)),
    };
  }

  function toneOf(tone) {
    return ["red", "orange", "yellow", "blue"].includes(tone) ? "--zk-level-" + tone : "--zk-" + tone;
  }

  function cut(text, most, look) {
    if (look.wide(text) <= most) return text;
    let kept = text;
    while (kept.length > 1 && look.wide(kept + "…") > most) kept = kept.slice(0, -1);
    return kept + "…";
  }

  // What every kind has. Tips are drawn, not written as HTML: the page's policy allows no styles in HTML.
  function frame(data, look) {
    return {
      aria: { enabled: true, label: { description: data.said }, decal: { show: false } },
      animation: false,
      textStyle: look.words,
      tooltip: {
        renderMode: "richText",
        confine: true,
        backgroundColor: look.token("--zk-surface"),
        borderColor: look.token("--zk-line-strong"),
        textStyle: look.words,
        transitionDuration: 0,
      },
    };
  }

  function legend(data, look, shown) {
    const bare = { type: "plain", show: shown, left: 0, top: 0, itemGap: 14, selectedMode: false };
    return { ...bare, textStyle: look.words, itemWidth: look.size * 1.6, itemHeight: look.size };
  }

  // How many lines a legend takes: names beside each other, each with its mark.
  function legendHeight(data, look) {
    if (data.series.length < 2) return 0;
    let lines = 1;
    let filled = 0;
    for (const one of data.series) {
      const wide = look.wide(one.name) + look.size * 1.6 + 24;
      if (filled && filled + wide > look.width) {
        lines += 1;
        filled = 0;
      }
      filled += wide;
    }
    return lines * look.size * 1.75 + 4;
  }

  function axes(data, look, lying) {
    const line = { lineStyle: { color: look.token("--zk-line-strong") } };
    const most = Math.min(look.width * 0.38, look.size * 14);
    const names = {
      type: "category",
      data: data.categories,
      inverse: lying,
      axisLine: line,
      axisTick: { show: false },
      axisLabel: { ...look.words, interval: 0, formatter: (name) => (lying ? cut(name, most, look) : name) },
    };
    const numbers = {
      type: "value",
      minInterval: data.series.every((one) => one.values.every((v) => v === null || Number.isInteger(v))) ? 1 : 0,
      splitNumber: Math.max(1, Math.min(5, Math.floor((lying ? look.width / 7 : look.height / 4) / look.size))),
      axisLabel: { ...look.words, color: look.token("--zk-quiet"), formatter: number },
      splitLine: { lineStyle: { color: look.token("--zk-line") } },
    };
    const sides = lying ? { xAxis: numbers, yAxis: names } : { xAxis: names, yAxis: numbers };
    const top = legendHeight(data, look) + (lying ? 4 : look.size * (data.kind === "line" ? 0.8 : 1.6));
    return { ...sides, grid: { top, left: 4, right: lying ? look.size * 4 : 8, bottom: 4, containLabel: true } };
  }

  function told(data) {
    const unit = data.unit ? " " + data.unit : "";
    return (params) => {
      const list = Array.isArray(params) ? params : [params];
      const lines = list.map((one) => {
        const value = Array.isArray(one.value) ? one.value[2] : one.value;
        const name = data.series.length > 1 ? one.seriesName + "：" : "";
        const known = typeof value === "number";
        return name + (known ? number(value) + unit : data.words.unknown);
      });
      return [list[0].name, ...lines].join("\n");
    };
  }

  // Names stand under columns while they fit; else the bars lie down, one under the other.
  function liesDown(data, look) {
    const widest = Math.max(0, ...data.categories.map(look.wide));
    const room = (look.width - 60) / Math.max(1, data.categories.length);
    const bars = data.kind === "stacked" ? 1 : data.series.length;
    return room < widest + 8 || room < bars * 12;
  }

  function bars(data, look) {
    const stacked = data.kind === "stacked";
    const lying = liesDown(data, look);
    const many = data.series.length > 1;
    const each = stacked ? 1 : data.series.length;
    const option = { ...frame(data, look), legend: legend(data, look, many), ...axes(data, look, lying) };
    option.tooltip.trigger = "axis";
    option.tooltip.axisPointer = { type: "shadow" };
    option.tooltip.formatter = told(data);
    option.aria.decal.show = many;
    option.series = data.series.map((one, at) => ({
      type: "bar",
      name: one.name,
      data: one.values,
      stack: stacked ? "all" : undefined,
      barMaxWidth: look.size * 2.4,
      barMinHeight: stacked ? 0 : 1,
      itemStyle: {
        color: look.colour(one, at),
        borderColor: look.token("--zk-surface"),
        borderWidth: stacked ? 0.5 : 0,
      },
      emphasis: { disabled: true },
      label: {
        ...look.words,
        show: !stacked && (lying ? each < 4 : each === 1),
        position: lying ? "right" : "top",
        formatter: (point) => (point.value === null ? "" : number(point.value)),
      },
    }));
    const row = Math.max(look.size * 2, each * look.size * 1.5 + 8);
    const height = lying ? legendHeight(data, look) + data.categories.length * row + look.size * 3 : 0;
    return { option, height };
  }

  function line(data, look) {
    const option = {
      ...frame(data, look),
      legend: legend(data, look, data.series.length > 1),
      ...axes(data, look, false),
    };
    option.tooltip.trigger = "axis";
    option.tooltip.formatter = told(data);
    option.xAxis.axisLabel.interval = "auto";
    option.xAxis.axisLabel.hideOverlap = true;
    option.grid.right = look.size * 2;
    const round = (at) => Math.floor(at / COLOURS); // a colour used again has another shape and dash
    option.series = data.series.map((one, at) => ({
      type: "line",
      name: one.name,
      data: one.values,
      connectNulls: false,
      symbol: SHAPES[(at + round(at)) % SHAPES.length],
      symbolSize: Math.max(7, look.size * 0.6),
      showAllSymbol: true,
      itemStyle: { color: look.colour(one, at) },
      lineStyle: { color: look.colour(one, at), width: 2, type: DASHES[(at + 2 * round(at)) % DASHES.length] },
      emphasis: { disabled: true },
    }));
    return { option, height: 0 };
  }

  function heat(data, look) {
    const cells = data.series.flatMap((one, x) => one.values.map((value, y) => [x, y, value]));
    const known = cells.map((cell) => cell[2]).filter((value) => value !== null);
    const most = Math.max(...known, 0) || 1;
    const least = Math.min(...known, 0);
    const names = Math.min(look.width * 0.3, look.size * 12);
    const side = Math.min(names, Math.max(...data.categories.map(look.wide))) + 14;
    const room = (look.width - side - 8) / data.series.length;
    const upright = data.series.some((one) => look.wide(one.name) > room - 4);
    const longest = Math.max(...data.series.map((one) => one.name.length));
    const top = upright ? longest * look.size * 1.15 + 10 : look.size * 2.4;
    const fits = known.every((value) => look.wide(number(value)) <= room - 4);
    const isDeep = (value) => value !== null && (value - least) / (most - least) > 0.45;
    const pale = look.token("--zk-heat-pale");
    const deep = look.token("--zk-heat-deep");
    const place = { ...look.words, interval: 0 };
    const option = {
      ...frame(data, look),
      grid: { top, left: side, right: 8, bottom: look.size * 4 },
      xAxis: {
        type: "category",
        position: "top",
        data: data.series.map((one) => one.name),
        axisLine: { show: false },
        axisTick: { show: false },
        axisLabel: {
          ...place,
          lineHeight: look.size * 1.1,
          formatter: (name) => (upright ? [...name].join("\n") : name),
        },
      },
      yAxis: {
        type: "category",
        inverse: true,
        data: data.categories,
        axisLine: { show: false },
        axisTick: { show: false },
        axisLabel: { ...place, formatter: (name) => cut(name, names, look) },
      },
      visualMap: {
        type: "continuous",
        min: least,
        max: most,
        calculable: false,
        orient: "horizontal",
        left: side,
        bottom: 0,
        itemWidth: look.size,
        itemHeight: Math.min(160, look.width * 0.35),
        text: [number(most), number(least)],
        textStyle: look.words,
        inRange: { color: [pale, deep] },
      },
    };
    option.tooltip.formatter = (point) => {
      const [x, y] = point.value;
      return told(data)({ ...point, name: data.categories[y], seriesName: data.series[x].name });
    };
    option.series = [
      {
        type: "heatmap",
        data: cells.map(([x, y, value]) => ({
          value: [x, y, value === null ? "-" : value],
          label: { color: look.token(isDeep(value) ? "--zk-heat-on-deep" : "--zk-heat-on-pale") },
        })),
        label: {
          ...look.words,
          show: fits,
          formatter: (point) => (point.value[2] === "-" ? "" : number(point.value[2])),
        },
        itemStyle: { borderColor: look.token("--zk-surface"), borderWidth: 1 },
        emphasis: { disabled: true },
      },
    ];
    return { option, height: top + data.categories.length * look.size * 2.4 + look.size * 4 };
  }

  function radar(data, look) {
    const blue = look.token("--zk-blue");
    const said = data.axes.map((axis) => axis.name + " " + axis.value).join("，");
    const option = {
      aria: { enabled: true, label: { description: said } },
      animation: false,
      textStyle: look.words,
      radar: {
        indicator: data.axes.map((axis) => ({ name: axis.name, max: axis.max })),
        radius: "66%",
        axisName: look.words,
        splitLine: { lineStyle: { color: look.token("--zk-line") } },
        splitArea: { show: false },
        axisLine: { lineStyle: { color: look.token("--zk-line") } },
      },
      series: [
        {
          type: "radar",
          symbolSize: 6,
          itemStyle: { color: blue },
          lineStyle: { color: blue, width: 2 },
          areaStyle: { color: blue, opacity: 0.15 },
          data: [{ value: data.axes.map((axis) => axis.value), name: data.title }],
        },
      ],
    };
    return { option, height: 0 };
  }

  const kinds = { bar: bars, stacked: bars, line, heat, radar };
  const drawn = new Set();

  // The number that was clicked leads where its line in the table leads.
  function follow(data, point) {
    const [series, at] = data.kind === "heat" ? point.value : [point.seriesIndex, point.dataIndex];
    const url = data.series && data.series[series] && data.series[series].urls[at];
    if (url) window.location.assign(url);
  }

  function show(one, width) {
    const look = looksOf(one.place);
    if (width) look.width = width;
    if (!look.width) return;
    one.width = look.width;
    const { option, height } = kinds[one.data.kind](one.data, look);
    one.place.style.height = height ? Math.ceil(height) + "px" : "";
    one.chart.resize({ width: width || "auto" });
    const linked = (one.data.series || []).some((series) => series.urls.some(Boolean));
    option.series.forEach((series) => (series.cursor = linked ? "pointer" : "default"));
    one.chart.setOption(option, true);
  }

  function draw(place) {
    const figure = place.closest(".zk-chart-figure");
    const source = figure && figure.querySelector('script[type="application/json"]');
    if (!source || place.dataset.drawn || !window.echarts) return;
    place.hidden = false;
    place.dataset.drawn = "yes";
    const one = { place, data: JSON.parse(source.textContent), width: 0, watch: null };
    one.chart = window.echarts.init(place, null, { renderer: "svg" });
    show(one);
    one.chart.on("click", (point) => follow(one.data, point));
    const table = figure.querySelector("[data-chart-table]");
    if (table) table.open = false;
    one.watch = new ResizeObserver(() => {
      if (place.clientWidth !== one.width) show(one);
    });
    one.watch.observe(place);
    drawn.add(one);
  }

  // A page that renews itself all day lets go of what it has taken away.
  function letGo() {
    for (const one of drawn) {
      if (one.place.isConnected) continue;
      one.watch.disconnect();
      one.chart.dispose();
      drawn.delete(one);
    }
  }

  function drawAll(within) {
    letGo();
    within.querySelectorAll("[data-chart]").forEach(draw);
  }

  drawAll(document);
  document.addEventListener("htmx:load", (event) => drawAll(event.detail.elt.parentNode || document));
  window.addEventListener("beforeprint", () => {
    drawn.forEach((one) => show(one, Math.min(PAPER, one.width || PAPER)));
  });
  window.addEventListener("afterprint", () => drawn.forEach((one) => show(one)));
})();
