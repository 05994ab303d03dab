// Panel plugins are part of Grafana's core, which is no library. These are thin ones: what they draw with is @grafana/ui's, what they draw is @grafana/data's.
import { cacheFieldDisplayNames, FieldType, getDisplayValueAlignmentFactors, getFieldDisplayValues, PanelPlugin, VizOrientation } from '@grafana/data';
import { sceneUtils } from '@grafana/scenes';
import { BarGauge, BigValue, TimeSeries, useTheme2, VizRepeater } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';

import { BarChart } from './barchart.jsx';
import { Heatmap } from './heatmap.jsx';
import { Marks } from './marks.jsx';
import { StateTimeline } from './timeline.jsx';

export function registerPanels(custom) {
  const panels = { stat: Stat, bargauge: Ranking, timeseries: Lines, table: Table, 'state-timeline': StateTimeline, heatmap: Heatmap, barchart: BarChart };
  for (const [pluginId, Component] of Object.entries(panels)) {
    const plugin = new PanelPlugin(Component).useFieldConfig({ useCustomConfig: (builder) => custom.forEach((path) => builder.addCustomEditor(property(path))) });
    plugin.setDataSupport({ annotations: true, alertStates: false });
    sceneUtils.registerRuntimePanelPlugin({ pluginId, plugin });
  }
}

const property = (path) => ({ id: path, path, name: path, editor: () => null, override: () => null, process: (value) => value, shouldApply: () => true });

// Grafana's own words where there is nothing to draw.
export function NoData({ fieldConfig }) {
  return <div className="no-data" style={{ display: 'grid', placeItems: 'center', height: '100%' }}>{fieldConfig.defaults.noValue ?? 'No data'}</div>;
}

function displayed({ data, fieldConfig, options, replaceVariables, timeZone }, theme) {
  return getFieldDisplayValues({ fieldConfig, reduceOptions: options.reduceOptions, replaceVariables, theme, data: data.series, sparkline: options.graphMode !== undefined && options.graphMode !== 'none', timeZone });
}

function Stat(props) {
  const theme = useTheme2();
  const { options } = props;
  const one = ({ value, width, height, count }) => (
    <BigValue value={value.display} sparkline={value.sparkline} width={width} height={height} count={count} theme={theme}
      colorMode={options.colorMode} graphMode={options.graphMode} justifyMode={options.justifyMode} textMode={options.textMode} text={options.text} />
  );
  return <VizRepeater {...repeated(props, theme)} renderValue={one} autoGrid />;
}

function Ranking(props) {
  const theme = useTheme2();
  const { options } = props;
  const one = ({ value: { display, field, view, colIndex }, width, height, orientation, alignmentFactors }) => (
    <BarGauge value={display} field={field} width={width} height={height} orientation={orientation} alignmentFactors={alignmentFactors} theme={theme} display={view?.getFieldDisplayProcessor(colIndex)}
      displayMode={options.displayMode} showUnfilled={options.showUnfilled} valueDisplayMode={options.valueMode} namePlacement={options.namePlacement} text={options.text} itemSpacing={8} lcdCellWidth={12} />
  );
  return <VizRepeater {...repeated(props, theme)} renderValue={one} itemSpacing={8} minVizHeight={options.minVizHeight} maxVizHeight={options.maxVizHeight} minVizWidth={options.minVizWidth} />;
}

function repeated(props, theme) {
  const { data, options, width, height, renderCounter } = props;
  return { width, height, source: data, renderCounter, orientation: options.orientation ?? VizOrientation.Auto, getValues: () => displayed(props, theme), getAlignmentFactors: getDisplayValueAlignmentFactors };
}

function Lines(props) {
  const { data, timeRange, timeZone, width, height, options } = props;
  const frames = data.series.filter((frame) => frame.fields.some((field) => field.type === FieldType.number));
  if (!frames.length) {
    return <NoData {...props} />;
  }
  return (
    <TimeSeries frames={frames} structureRev={data.structureRev} timeRange={timeRange} timeZone={timeZone} width={width} height={height} legend={options.legend} options={options}>
      {(config) => <Marks config={config} annotations={data.annotations} />}
    </TimeSeries>
  );
}

function Table(props) {
  const { data, width, height, options } = props;
  const [frame] = data.series;
  if (!frame?.length) {
    return <NoData {...props} />;
  }
  cacheFieldDisplayNames(data.series);
  return <TableNG data={frame} width={width} height={height} noHeader={!options.showHeader} cellHeight={options.cellHeight} initialSortBy={options.sortBy} structureRev={data.structureRev} />;
}
