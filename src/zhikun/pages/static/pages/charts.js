// Draws the charts of a page from the data beside them. The table with the same figures stays; it is only folded.
(function () {
  "use strict";

  const styles = getComputedStyle(document.documentElement);
  const token = (name) => styles.getPropertyValue(name).trim();

  function radar(data) {
    return {
      aria: { enabled: true, label: { description: data.axes.map((axis) => axis.name + " " + axis.value).join("，") } },
      animation: false,
      textStyle: { fontFamily: token("--zk-font") },
      radar: {
        indicator: data.axes.map((axis) => ({ name: axis.name, max: axis.max })),
        radius: "66%",
        axisName: { color: token("--zk-text"), fontSize: 12 },
        splitLine: { lineStyle: { color: token("--zk-line") } },
        splitArea: { show: false },
        axisLine: { lineStyle: { color: token("--zk-line") } },
      },
      series: [
        {
          type: "radar",
          symbolSize: 6,
          itemStyle: { color: token("--zk-blue") },
          lineStyle: { color: token("--zk-blue"), width: 2 },
          areaStyle: { color: token("--zk-blue"), opacity: 0.15 },
          data: [{ value: data.axes.map((axis) => axis.value), name: data.title }],
        },
      ],
    };
  }

  const kinds = { radar };

  function draw(place) {
    const source = document.getElementById(place.dataset.chart);
    if (!source || place.dataset.drawn || !window.echarts) return;
    const data = JSON.parse(source.textContent);
    place.hidden = false;
    const chart = window.echarts.init(place, null, { renderer: "svg" });
    chart.setOption(kinds[data.kind](data));
    place.dataset.drawn = "yes";
    const table = document.querySelector('[data-chart-table="' + place.dataset.chart + '"]');
    if (table) table.open = false;
    new ResizeObserver(() => chart.resize()).observe(place);
  }

  function drawAll(within) {
    within.querySelectorAll("[data-chart]").forEach(draw);
  }

  drawAll(document);
  document.addEventListener("htmx:load", (event) => drawAll(event.detail.elt.parentNode || document));
})();
