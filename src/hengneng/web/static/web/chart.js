// The ranked chart. Its data stand in the page, its numbers in the table.
"use strict";
(() => {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const drawn = new Set();

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const colourOf = { not_met: "red", behind: "amber", on_track: "green", met: "green", unknown: "grey" };
  const signOf = { not_met: "▲", behind: "◐", on_track: "○", met: "✓", unknown: "?" };
  // Each verdict has its pattern too, for black and white prints; whatever rests on example data is hatched alike.
  const hatched = { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: -Math.PI / 4, symbolSize: 1 };
  const patternOf = {
    not_met: { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [3, 3], rotation: 0 },
    behind: { symbol: "circle", dashArrayX: [[6, 6], [0, 6, 6, 0]], dashArrayY: [6, 0], symbolSize: 0.5 },
    unknown: { symbol: "rect", dashArrayX: [3, 3], dashArrayY: [1, 0], rotation: 0 },
  };

  const bar = (each) => {
    const pattern = each.example ? hatched : patternOf[each.level];
    return {
      value: each.value,
      address: each.address,
      itemStyle: { color: colour(colourOf[each.level]), decal: pattern ? { ...pattern, color: colour("paper") } : { symbol: "none" } },
    };
  };

  // Above the bars, each on a row of its own: they meet neither one another nor a number.
  const line = (each) => ({
    xAxis: each.at,
    label: { formatter: each.text, color: colour("ink"), position: "start", distance: [0, each.kind === "time" ? 20 : 4] },
    lineStyle: { color: colour("ink"), type: each.kind === "target" ? "dashed" : "solid", width: each.kind === "target" ? 1.5 : 1 },
  });

  // Numbers and verdicts stand in a column right of the drawing, where no line runs.
  const column = (bars, narrow, text) => ({
    type: "category", inverse: true, position: "right", data: bars.map((each) => each.text), axisTick: { show: false }, axisLine: { show: false },
    axisLabel: {
      ...text, interval: 0, margin: 4,
      formatter: (value, at) => `{number|${value}} {${bars[at].level}|${signOf[bars[at].level]}${narrow ? "" : ` ${bars[at].verdict}`}}`,
      rich: {
        number: { ...text, width: Math.max(...bars.map((each) => each.text.length)) * 7.5, align: "right" },
        ...Object.fromEntries(Object.entries(colourOf).map(([level, name]) => [level, { ...text, color: colour(name) }])),
      },
    },
  });

  const options = (data, narrow) => {
    const bars = data.bars;
    const values = [...bars.map((each) => each.value), ...bars.map((each) => each.target ?? 0), ...data.lines.map((each) => each.at), 0];
    const span = Math.max(...values) - Math.min(...values);
    const text = { color: colour("ink"), fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12 };
    return {
      animation: false,
      textStyle: text,
      grid: { left: 8, right: 8, top: data.lines.length ? 44 : 16, bottom: 32, containLabel: true },
      xAxis: {
        type: "value", splitNumber: narrow ? 3 : 5, name: data.lines.length ? data.axis : `${data.axis}　▮ ${data.target_name}`, nameLocation: "middle", nameGap: 32, nameTextStyle: { ...text, color: colour("soft") },
        min: Math.min(...values) < 0 ? Math.min(...values) - span * 0.02 : 0, max: Math.max(...values) + span * 0.04,
        axisLabel: { ...text, color: colour("soft"), formatter: (value) => String(Math.round(value * 100) / 100), showMinLabel: false, showMaxLabel: false, margin: 8 },
        splitLine: { lineStyle: { color: colour("faint") } },
      },
      yAxis: [{ type: "category", inverse: true, data: bars.map((each) => each.place), axisTick: { show: false }, axisLabel: { ...text, interval: 0, ...(narrow ? { width: 88, overflow: "truncate" } : {}) }, axisLine: { onZero: true, lineStyle: { color: colour("soft") } } }, column(bars, narrow, text)],
      series: [
        {
          type: "bar", data: bars.map(bar), barCategoryGap: "35%", cursor: "pointer",
          z: 3, markLine: { z: 2, symbol: "none", silent: true, data: data.lines.map(line) },
        },
        {
          type: "scatter", z: 4, symbol: "rect", symbolSize: [3, 16], silent: true, itemStyle: { color: colour("ink") },
          data: data.lines.length ? [] : bars.map((each, at) => [each.target, at]),
          label: { show: false },
        },
      ],
    };
  };

  const draw = () => {
    for (const chart of drawn) chart.dispose();
    drawn.clear();
    if (typeof echarts === "undefined") return;
    for (const place of document.querySelectorAll("[data-chart]")) {
      const data = JSON.parse(document.getElementById(place.dataset.chart).textContent);
      const chart = echarts.init(place, null, { renderer: "canvas", height: data.height });
      chart.setOption(options(data, place.clientWidth < 600));
      chart.on("click", (event) => event.data?.address && window.location.assign(event.data.address));
      drawn.add(chart);
    }
  };

  window.addEventListener("resize", () => { for (const chart of drawn) chart.resize(); });
  dark.addEventListener("change", draw);
  document.addEventListener("htmx:afterSettle", draw);
  document.addEventListener("DOMContentLoaded", draw);
})();
