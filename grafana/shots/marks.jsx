// Annotations as Grafana draws them on lines: a dashed line with a mark below, a region with a bar below.
import { useEffect, useLayoutEffect, useRef } from 'react';

export function Marks({ config, annotations }) {
  const drawn = useRef({});
  drawn.current.annotations = annotations ?? [];
  useLayoutEffect(() => {
    config.addHook('init', (plot) => { drawn.current.plot = plot; });
    config.addHook('draw', (plot) => drawMarks(plot, drawn.current.annotations));
  }, [config]);
  useEffect(() => drawn.current.plot?.redraw(), [annotations]);
  return null;
}

function drawMarks(plot, frames) {
  const { ctx, bbox } = plot;
  const ratio = window.devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height + 8 * ratio);
  ctx.clip();
  // The longest first, so that it hides none; layers come in the order of their answers.
  const length = ({ time, timeEnd }) => timeEnd - time;
  for (const { time, timeEnd, color } of frames.flatMap(rowsOf).sort((a, b) => length(b) - length(a) || a.type.localeCompare(b.type))) {
    const [from, to] = [time, timeEnd].map((moment) => plot.valToPos(moment, 'x', true));
    ctx.strokeStyle = ctx.fillStyle = color;
    ctx.lineWidth = ratio;
    ctx.setLineDash([5 * ratio, 5 * ratio]);
    for (const at of new Set([from, to])) {
      ctx.beginPath();
      ctx.moveTo(at, bbox.top);
      ctx.lineTo(at, bbox.top + bbox.height);
      ctx.stroke();
    }
    if (to > from) {
      ctx.globalAlpha = 0.1;
      ctx.fillRect(from, bbox.top, to - from, bbox.height);
      ctx.globalAlpha = 1;
    }
    ctx.fillRect(from - 3 * ratio, bbox.top + bbox.height, Math.max(to - from, 6 * ratio), 5 * ratio);
  }
  ctx.restore();
}

function rowsOf(frame) {
  return Array.from({ length: frame.length }, (_, row) => Object.fromEntries(frame.fields.map((field) => [field.name, field.values[row]])));
}
