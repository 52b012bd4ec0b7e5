// The overview's live figures and charts. Without this script the page shows them as they were when
// it was opened. Styles of single elements are set through their `style` objects, as the page's
// policy wants.
"use strict";

(() => {
  const live = document.getElementById("live");
  const past = document.getElementById("history");
  const pulse = document.getElementById("pulse");
  const reasons = document.getElementById("reasons");
  const health = document.getElementById("health");
  const every = Number(live.dataset.every);
  const kept = Number(live.dataset.kept);
  const COLUMNS = ["at", "streams", "sent", "fetched", "memory", "cpu"];

  // -- how figures are written ---------------------------------------------------------------

  const UNITS = ["B", "KB", "MB", "GB", "TB"];
  const size = (bytes, digits) => {
    let power = 0;
    while (power < UNITS.length - 1 && bytes >= 1024 ** (power + 1)) power += 1;
    const value = bytes / 1024 ** power;
    return `${power ? value.toFixed(digits ?? (value < 10 ? 1 : 0)) : value} ${UNITS[power]}`;
  };
  const number = (count) => String(Math.round(count)).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
  const short = (count) =>
    count >= 1e6 ? `${+(count / 1e6).toFixed(1)} M` : count >= 1e4 ? `${+(count / 1e3).toFixed(1)} k` : number(count);
  const two = (part) => String(part).padStart(2, "0");
  const moment = (at, step) => {
    const when = new Date(at * 1000);
    const day = `${when.getUTCFullYear()}-${two(when.getUTCMonth() + 1)}-${two(when.getUTCDate())}`;
    return step < 86400 ? `${day} ${two(when.getUTCHours())}:${two(when.getUTCMinutes())}` : day;
  };

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const utc = (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC");

  // -- the last minutes ----------------------------------------------------------------------

  const beats = COLUMNS.map(() => []);
  let sparks = [];

  const drawSparks = () => {
    for (const spark of sparks) spark.plot.destroy();
    sparks = [...document.querySelectorAll("[data-spark]")].map((place) => {
      const ink = colour(place.dataset.colour);
      const plot = new uPlot({
        width: place.clientWidth, height: place.clientHeight,
        padding: [2, 0, 0, 0],
        cursor: { show: false }, legend: { show: false },
        axes: [{ show: false }, { show: false }],
        scales: { x: { time: false }, y: { range: (_, low, most) => [0, Math.max(most * 1.15, place.dataset.spark === "cpu" ? 0.1 : 1)] } },
        series: [{}, { stroke: ink, width: 1.5, fill: `${ink}2b`, points: { show: false } }],
      }, [[], []], place);
      return { place, plot, column: COLUMNS.indexOf(place.dataset.spark) };
    });
    showBeats();
  };

  const showBeats = () => {
    // The last five minutes, or as many of them as there were, one at least.
    const last = beats[0].at(-1) ?? Date.now() / 1000;
    const first = Math.max(last - (kept - 1) * every / 1000, Math.min(beats[0][0] ?? last, last - 60));
    for (const { plot, column } of sparks) {
      plot.batch(() => {
        plot.setData([beats[0], beats[column]], false);
        plot.setScale("x", { min: first, max: last });
      });
    }
  };

  const showFigures = (figures) => {
    for (const place of document.querySelectorAll("[data-live]")) {
      const told = figures[place.dataset.live];
      if (told !== undefined && place.textContent !== told) place.textContent = told;
    }
    health.className = `health ${figures.level}`;
    reasons.hidden = figures.reasons.length === 0;
    const lines = figures.reasons.join("\n");
    if (reasons.dataset.lines !== lines) {
      reasons.dataset.lines = lines;
      reasons.replaceChildren(...figures.reasons.map((reason) => {
        const line = document.createElement("li");
        line.textContent = reason;
        return line;
      }));
    }
  };

  let since = 0;
  let lost = 0;
  let timer = 0;

  const look = async () => {
    clearTimeout(timer);
    try {
      const answer = await fetch(`${live.dataset.liveUrl}?since=${since}`, { signal: AbortSignal.timeout(10000) });
      if (answer.status === 401) {
        location.reload();
        return;
      }
      if (!answer.ok) throw new Error(answer.status);
      const told = await answer.json();
      for (const beat of told.beats) {
        beat.forEach((value, column) => beats[column].push(value));
        since = beat[0];
      }
      for (const column of beats) column.splice(0, Math.max(0, column.length - kept));
      showFigures(told.figures);
      showBeats();
      lost = 0;
      pulse.textContent = "live";
      pulse.className = "beating";
    } catch {
      lost += 1;
      pulse.className = "lost";
      pulse.textContent = "no answer: these figures are old";
    }
    // Who is not looking asks for nothing.
    if (!document.hidden) timer = setTimeout(look, every * Math.min(1 + lost, 10));
  };

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) look();
  });

  // -- the charts ----------------------------------------------------------------------------

  let charts = [];
  let shown = null;

  const KINDS = {
    streams: { title: "Streams", value: number, axis: short },
    users: { title: "Active users", value: number, axis: short },
    bytes: { title: "Bytes served", value: (bytes) => size(bytes, 2), axis: (bytes) => size(bytes) },
    errors: { title: "Errors shown", value: number, axis: short },
  };
  const BYTE_STEPS = [0, 1, 2, 3, 4].flatMap((power) =>
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 512].map((times) => times * 1024 ** power));
  const COUNT_STEPS = [0, 1, 2, 3, 4, 5, 6, 7, 8].flatMap((power) => [1, 2, 5].map((times) => times * 10 ** power));

  const tip = (kind) => {
    const box = document.createElement("div");
    box.className = "tip";
    box.hidden = true;
    return {
      hooks: {
        init: (plot) => plot.over.append(box),
        setCursor: (plot) => {
          const at = plot.cursor.idx;
          box.hidden = at === null || at === undefined || plot.cursor.left < 0;
          if (box.hidden) return;
          const when = document.createElement("span");
          when.textContent = moment(plot.data[0][at], shown.step);
          const what = document.createElement("b");
          what.textContent = kind.value(plot.data[1][at]);
          box.replaceChildren(when, what);
          const left = plot.valToPos(plot.data[0][at], "x");
          const room = plot.over.clientWidth - box.offsetWidth;
          box.style.left = `${Math.max(0, Math.min(room, left - box.offsetWidth / 2))}px`;
        },
      },
    };
  };

  const drawCharts = () => {
    for (const chart of charts) chart.destroy();
    charts = [];
    if (!shown) return;
    const soft = colour("soft");
    const line = colour("line");
    const axis = { stroke: soft, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    for (const place of document.querySelectorAll("[data-chart]")) {
      const values = shown[place.dataset.chart];
      const kind = KINDS[place.dataset.chart];
      const ink = colour(place.dataset.colour);
      const few = shown.at.length <= 40;
      const sum = values.reduce((all, each) => all + each, 0);
      const most = values.reduce((best, each, at) => (each > values[best] ? at : best), 0);
      place.setAttribute("role", "img");
      place.setAttribute("aria-label", sum
        ? `${kind.title} from ${moment(shown.at[0], shown.step)} on; most, ${kind.value(values[most])}, at ${moment(shown.at[most], shown.step)}`
        : `${kind.title}: none from ${moment(shown.at[0], shown.step)} on`);
      charts.push(new uPlot({
        width: place.clientWidth, height: place.clientHeight,
        padding: [8, 8, 0, 0], tzDate: utc, legend: { show: false },
        cursor: { y: false, points: { show: false }, drag: { x: false, y: false }, sync: { key: "history" } },
        scales: {
          x: { range: (_, low, high) => [low - shown.step / 2, high + shown.step / 2] },
          y: { range: (_, low, high) => [0, Math.max(high * 1.1, place.dataset.chart === "bytes" ? 1024 : 4)] },
        },
        axes: [
          { ...axis, grid: { show: false }, size: 40, space: 56, values: [
            [86400 * 28, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
            [86400, "{MMM} {D}", null, null, null, null, null, null, 1],
            [3600, "{HH}:{mm}", "\n{MMM} {D}", null, null, null, null, null, 1],
          ] },
          { ...axis, size: 64, space: 34, incrs: place.dataset.chart === "bytes" ? BYTE_STEPS : COUNT_STEPS,
            values: (_, splits) => splits.map(kind.axis) },
        ],
        series: [{}, few
          ? { stroke: ink, fill: `${ink}b0`, width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.7, 28], radius: 0.2 }) }
          : { stroke: ink, fill: `${ink}2b`, width: 1.5, points: { show: false } }],
        plugins: [tip(kind)],
      }, [shown.at, values], place));
      const total = place.dataset.chart === "users" ? null : document.querySelector(`[data-sum="${place.dataset.chart}"]`);
      if (total) total.textContent = kind.value(sum);
    }
  };

  const showPeriod = async (period) => {
    past.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(`${past.dataset.historyUrl}?period=${period}`, { signal: AbortSignal.timeout(20000) });
      if (!answer.ok) throw new Error(answer.status);
      shown = await answer.json();
      drawCharts();
      past.classList.remove("lost");
    } catch {
      past.classList.add("lost");
    }
    past.removeAttribute("aria-busy");
  };

  if (past) {
    past.addEventListener("click", (event) => {
      const tab = event.target.closest("a[data-period]");
      if (!tab || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      for (const each of past.querySelectorAll("a[data-period]")) each.removeAttribute("aria-current");
      tab.setAttribute("aria-current", "true");
      history.replaceState(null, "", tab.href);
      showPeriod(tab.dataset.period);
    });
  }

  // -- sizes and colours ---------------------------------------------------------------------

  const fit = new ResizeObserver(() => {
    for (const { place, plot } of sparks) plot.setSize({ width: place.clientWidth, height: place.clientHeight });
    document.querySelectorAll("[data-chart]").forEach((place, at) => {
      charts[at]?.setSize({ width: place.clientWidth, height: place.clientHeight });
    });
  });
  fit.observe(document.getElementById("main"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    drawSparks();
    drawCharts();
  });

  drawSparks();
  look();
  if (past) showPeriod(past.dataset.period);
})();
