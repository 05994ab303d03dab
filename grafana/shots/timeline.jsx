// A state timeline, as Grafana's: one line a series, one box for as long as it says the same.
import { FieldType, formattedValueToString, getFieldDisplayName } from '@grafana/data';
import { AxisPlacement, ScaleDirection, ScaleOrientation } from '@grafana/schema';
import { measureText, UPlotChart, UPlotConfigBuilder, useTheme2 } from '@grafana/ui';
import { useMemo } from 'react';

import { NoData } from './panels.jsx';

const FONT_SIZE = 12;

export function StateTimeline(props) {
  const { data, timeRange, timeZone, width, height, options } = props;
  const theme = useTheme2();
  const lines = useMemo(() => data.series.flatMap((frame) => linesOf(frame, data.series)), [data]);
  const config = useMemo(() => configOf(lines, timeRange, timeZone, theme, options), [lines, timeRange, timeZone, theme, options]);
  if (!lines.length) {
    return <NoData {...props} />;
  }
  return <UPlotChart config={config} data={[[timeRange.from.valueOf(), timeRange.to.valueOf()], [null, null]]} width={width} height={height} timeRange={timeRange} />;
}

function linesOf(frame, frames) {
  const times = frame.fields.find((field) => field.type === FieldType.time);
  return frame.fields.filter((field) => field.type === FieldType.number).map((field) => ({ name: getFieldDisplayName(field, frame, frames), boxes: boxesOf(times, field) }));
}

function boxesOf(times, field) {
  const step = times.config.interval;
  return field.values.reduce((boxes, value, row) => {
    const from = times.values[row];
    const shown = field.display(value);
    const [text, last] = [formattedValueToString(shown), boxes.at(-1)];
    if (last?.text === text && last.to >= from) {
      last.to = from + step;
      return boxes;
    }
    return [...boxes, { text, color: shown.color, from, to: from + step, opacity: (field.config.custom?.fillOpacity ?? 70) / 100 }];
  }, []);
}

function configOf(lines, timeRange, timeZone, theme, options) {
  const builder = new UPlotConfigBuilder(timeZone);
  const rows = lines.map((_, row) => lines.length - row - 0.5);
  builder.addScale({ scaleKey: 'x', isTime: true, orientation: ScaleOrientation.Horizontal, direction: ScaleDirection.Right, range: () => [timeRange.from.valueOf(), timeRange.to.valueOf()] });
  builder.addScale({ scaleKey: 'y', orientation: ScaleOrientation.Vertical, direction: ScaleDirection.Up, range: () => [0, lines.length] });
  builder.addAxis({ scaleKey: 'x', isTime: true, placement: AxisPlacement.Bottom, timeZone, theme, grid: { show: false } });
  builder.addAxis({ scaleKey: 'y', placement: AxisPlacement.Left, theme, splits: rows, values: () => lines.map(({ name }) => name), size: 16 + Math.max(...lines.map(({ name }) => measureText(name, FONT_SIZE).width)), grid: { show: false }, ticks: { show: false } });
  builder.addSeries({ scaleKey: 'y', theme, show: true, pathBuilder: () => null, showPoints: 'never' });
  builder.addHook('draw', (plot) => lines.forEach(({ boxes }, row) => boxes.forEach((box) => drawBox(plot, box, rows[row], options.rowHeight ?? 0.9, theme))));
  return builder;
}

function drawBox(plot, { from, to, color, text, opacity }, middle, share, theme) {
  const { ctx, bbox } = plot;
  const [left, right] = [from, to].map((moment) => Math.min(Math.max(plot.valToPos(moment, 'x', true), bbox.left), bbox.left + bbox.width));
  const [top, bottom] = [middle + share / 2, middle - share / 2].map((at) => plot.valToPos(at, 'y', true));
  ctx.save();
  ctx.globalAlpha = opacity;
  ctx.fillStyle = color;
  ctx.fillRect(left, top, right - left, bottom - top);
  ctx.globalAlpha = 1;
  const ratio = window.devicePixelRatio;
  if (measureText(text, FONT_SIZE).width * ratio + 8 * ratio < right - left && bottom - top > FONT_SIZE * ratio) {
    ctx.fillStyle = theme.colors.getContrastText(color, 3);
    ctx.font = `${FONT_SIZE * ratio}px ${theme.typography.fontFamily}`;
    ctx.textAlign = 'left';
    ctx.textBaseline = 'middle';
    ctx.fillText(text, left + 4 * ratio, (top + bottom) / 2);
  }
  ctx.restore();
}
