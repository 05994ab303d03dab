// A heatmap of a histogram's buckets over time, as Grafana's: the darker, the more.
import { FieldType, formattedValueToString, getValueFormat } from '@grafana/data';
import { AxisPlacement, ScaleDirection, ScaleOrientation } from '@grafana/schema';
import { UPlotChart, UPlotConfigBuilder, useTheme2 } from '@grafana/ui';
import { useMemo } from 'react';

import { NoData } from './panels.jsx';

export function Heatmap(props) {
  const { data, timeRange, timeZone, width, height, options } = props;
  const theme = useTheme2();
  const [frame] = data.series;
  const config = useMemo(() => frame && configOf(frame, timeRange, timeZone, theme, options), [frame, timeRange, timeZone, theme, options]);
  if (!frame) {
    return <NoData {...props} />;
  }
  return <UPlotChart config={config} data={[[timeRange.from.valueOf(), timeRange.to.valueOf()], [null, null]]} width={width} height={height} timeRange={timeRange} />;
}

function configOf(frame, timeRange, timeZone, theme, options) {
  const [times, ...buckets] = frame.fields.filter((field) => [FieldType.time, FieldType.number].includes(field.type));
  const format = getValueFormat(options.yAxis.unit);
  const bounds = buckets.map(({ name }) => (isFinite(name) ? formattedValueToString(format(Number(name))) : name));
  const builder = new UPlotConfigBuilder(timeZone);
  builder.addScale({ scaleKey: 'x', isTime: true, orientation: ScaleOrientation.Horizontal, direction: ScaleDirection.Right, range: () => [timeRange.from.valueOf(), timeRange.to.valueOf()] });
  builder.addScale({ scaleKey: 'y', orientation: ScaleOrientation.Vertical, direction: ScaleDirection.Up, range: () => [0, buckets.length] });
  builder.addAxis({ scaleKey: 'x', isTime: true, placement: AxisPlacement.Bottom, timeZone, theme, grid: { show: false } });
  // A bucket is named by its upper bound, which is the line above it.
  builder.addAxis({ scaleKey: 'y', placement: AxisPlacement.Left, theme, splits: bounds.map((_, at) => at + 1), values: () => bounds, grid: { show: false } });
  builder.addSeries({ scaleKey: 'y', theme, show: true, pathBuilder: () => null, showPoints: 'never' });
  builder.addHook('draw', (plot) => drawCells(plot, times, buckets, options, theme));
  return builder;
}

function drawCells(plot, times, buckets, options, theme) {
  const most = Math.max(...buckets.flatMap(({ values }) => values));
  const step = times.config.interval;
  const { ctx, bbox } = plot;
  const gap = options.cellGap * window.devicePixelRatio;
  ctx.save();
  ctx.fillStyle = theme.visualization.getColorByName(options.color.fill);
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  buckets.forEach(({ values }, row) => values.forEach((count, at) => {
    const [left, right] = [times.values[at], times.values[at] + step].map((moment) => plot.valToPos(moment, 'x', true));
    const [bottom, top] = [row, row + 1].map((bound) => plot.valToPos(bound, 'y', true));
    ctx.globalAlpha = (count / most) ** options.color.exponent;
    if (count > options.filterValues.le) {
      ctx.fillRect(left, top, Math.max(right - left - gap, 1), bottom - top - gap);
    }
  }));
  ctx.restore();
}
