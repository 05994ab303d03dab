// A bar chart of a table, as Grafana's: a group for each text, in it a bar for each number.
import { FieldType, formattedValueToString, getFieldDisplayName } from '@grafana/data';
import { AxisPlacement, ScaleDirection, ScaleOrientation } from '@grafana/schema';
import { UPlotChart, UPlotConfigBuilder, useTheme2, VizLayout, VizLegend } from '@grafana/ui';
import { useMemo } from 'react';

import { NoData } from './panels.jsx';

export function BarChart(props) {
  const { data, width, height, options } = props;
  const theme = useTheme2();
  const [frame] = data.series;
  const texts = frame?.fields.find((field) => field.type === FieldType.string);
  const bars = frame?.fields.filter((field) => field.type === FieldType.number) ?? [];
  const config = useMemo(() => frame?.length && configOf(texts, bars, theme, options), [data, theme, options]);
  if (!frame?.length) {
    return <NoData {...props} />;
  }
  const items = bars.map((field) => ({ label: getFieldDisplayName(field, frame), color: field.display(0).color, yAxis: 1 }));
  const legend = <VizLayout.Legend placement={options.legend.placement}><VizLegend {...options.legend} items={items} /></VizLayout.Legend>;
  return (
    <VizLayout width={width} height={height} legend={options.legend.showLegend ? legend : null}>
      {(plotWidth, plotHeight) => <UPlotChart config={config} data={[[0, 1], [null, null]]} width={plotWidth} height={plotHeight} />}
    </VizLayout>
  );
}

function configOf(texts, bars, theme, options) {
  const builder = new UPlotConfigBuilder();
  const [{ config, display }] = bars;
  const most = config.max ?? Math.max(...bars.flatMap(({ values }) => values));
  builder.addScale({ scaleKey: 'x', orientation: ScaleOrientation.Horizontal, direction: ScaleDirection.Right, range: () => [0, texts.values.length] });
  builder.addScale({ scaleKey: 'y', orientation: ScaleOrientation.Vertical, direction: ScaleDirection.Up, range: () => [config.min ?? 0, most] });
  builder.addAxis({ scaleKey: 'x', placement: AxisPlacement.Bottom, theme, splits: texts.values.map((_, at) => at + 0.5), values: () => texts.values, grid: { show: false } });
  builder.addAxis({ scaleKey: 'y', placement: AxisPlacement.Left, theme, formatValue: (value) => formattedValueToString(display(value)) });
  builder.addSeries({ scaleKey: 'y', theme, show: true, pathBuilder: () => null, showPoints: 'never' });
  builder.addHook('draw', (plot) => bars.forEach((field, nth) => drawBars(plot, field, nth, bars.length, options)));
  return builder;
}

function drawBars(plot, field, nth, count, { groupWidth, barWidth }) {
  const share = groupWidth / count;
  plot.ctx.save();
  plot.ctx.globalAlpha = field.config.custom.fillOpacity / 100;
  field.values.forEach((value, at) => {
    const start = at + (1 - groupWidth) / 2 + nth * share;
    const [left, right] = [start, start + share * barWidth].map((x) => plot.valToPos(x, 'x', true));
    const [top, bottom] = [value, 0].map((y) => plot.valToPos(y, 'y', true));
    plot.ctx.fillStyle = field.display(value).color;
    plot.ctx.fillRect(left, top, right - left, bottom - top);
  });
  plot.ctx.restore();
}
