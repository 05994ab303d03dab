// Draws a dashboard: `window.shot` holds it, the range `from` and `to` in seconds, and the theme's `mode`.
import './boot.js';

import '@fontsource/inter/latin-400.css';
import '@fontsource/inter/latin-500.css';
import { ThemeContext } from '@grafana/data';
import { config } from '@grafana/runtime';
import { createRoot } from 'react-dom/client';
import {
  dataLayers, EmbeddedScene, QueryVariable, DataSourceVariable, SceneControlsSpacer, SceneDataLayerSet, SceneDataTransformer,
  sceneGraph, SceneGridItem, SceneGridLayout, SceneGridRow, SceneQueryRunner, SceneTimePicker, SceneTimeRange, SceneVariableSet, sceneUtils, VariableValueSelectors, VizPanel,
} from '@grafana/scenes';
import { GlobalStyles } from '@grafana/ui';
import { MemoryRouter } from 'react-router-dom';

import { startGrafana } from './grafana.js';
import { registerPanels } from './panels.jsx';
import { Prometheus } from './datasource.js';

const { dashboard, from, to, mode } = window.shot;
const source = new Prometheus('Prometheus');

startGrafana(source, mode);
sceneUtils.registerRuntimeDataSource({ dataSource: source });
registerPanels(customProperties(dashboard));
const scene = sceneOf(dashboard);
// What is drawn on a canvas measures its text: the font has to be there before.
await Promise.all([400, 500].map((weight) => document.fonts.load(`${weight} 14px Inter`)));
createRoot(document.getElementById('root')).render(
  <MemoryRouter>
    <ThemeContext.Provider value={config.theme2}>
      <GlobalStyles />
      <scene.Component model={scene} />
    </ThemeContext.Provider>
  </MemoryRouter>,
);

function customProperties({ panels }) {
  const defaults = panels.flatMap((panel) => Object.keys(panel.fieldConfig?.defaults.custom ?? {}));
  const overridden = panels.flatMap((panel) => panel.fieldConfig?.overrides ?? []).flatMap(({ properties }) => properties.map(({ id }) => id));
  return [...new Set([...defaults, ...overridden.filter((id) => id.startsWith('custom.')).map((id) => id.slice('custom.'.length))])];
}

function sceneOf({ panels, templating, annotations }) {
  return new EmbeddedScene({
    $timeRange: new SceneTimeRange({ from: new Date(from * 1000).toISOString(), to: new Date(to * 1000).toISOString(), timeZone: 'utc' }),
    $variables: new SceneVariableSet({ variables: templating.list.map(variableOf) }),
    $data: new SceneDataLayerSet({ layers: annotations.list.filter(({ expr }) => expr).map((query) => new dataLayers.AnnotationsDataLayer({ name: query.name, isEnabled: query.enable, query })) }),
    controls: [new VariableValueSelectors({}), new SceneControlsSpacer(), new SceneTimePicker({})],
    body: new SceneGridLayout({ children: rowsOf(panels) }),
  });
}

function variableOf({ name, label, type, hide, query, datasource, refresh, sort, regex, multi, includeAll, allValue, current }) {
  const common = { name, label, hide, isMulti: multi, includeAll, allValue, defaultToAll: includeAll, value: current.value ?? '', text: current.text ?? '' };
  return type === 'datasource' ? new DataSourceVariable({ ...common, pluginId: query }) : new QueryVariable({ ...common, query, datasource, refresh, sort, regex });
}

function rowsOf(panels) {
  const children = [];
  for (const panel of panels) {
    const { x, y, w: width, h: height } = panel.gridPos;
    if (panel.type === 'row') {
      children.push(new SceneGridRow({ key: `row-${panel.id}`, title: panel.title, x, y, isCollapsed: false, children: panel.panels.map(itemOf) }));
    } else {
      const item = itemOf(panel);
      const row = children.at(-1);
      row instanceof SceneGridRow ? row.setState({ children: [...row.state.children, item] }) : children.push(item);
    }
  }
  return children;
}

function itemOf(panel) {
  const { x, y, w: width, h: height } = panel.gridPos;
  return new SceneGridItem({ x, y, width, height, body: vizOf(panel) });
}

function vizOf({ id, type, title, description, options, fieldConfig, targets, datasource, maxDataPoints, interval, transformations }) {
  const queries = new SceneQueryRunner({ queries: targets, datasource, maxDataPoints, minInterval: interval, maxDataPointsFromWidth: true });
  return new VizPanel({ key: `panel-${id}`, pluginId: type, title, description, options, fieldConfig, $data: new SceneDataTransformer({ $data: queries, transformations: transformations ?? [] }) });
}

// What the picture lacks, one line each; null while something is still on its way.
window.lacking = () => {
  const { $data, $variables } = scene.state;
  const runners = sceneGraph.findAllObjects(scene, (one) => one instanceof SceneQueryRunner);
  if (!runners.every((runner) => runner.state._hasFetchedData)) {
    return null;
  }
  const panels = sceneGraph.findAllObjects(scene, (one) => one instanceof VizPanel);
  return [
    ...$variables.state.variables.filter(({ state }) => state.error || !state.value.length).map(({ state }) => `variable '${state.name}': ${state.error ?? 'no value'}`),
    ...$data.state.layers.filter(({ state }) => state.isEnabled && !state.data?.series[0]?.length).map(({ state }) => `annotation '${state.name}': ${state.data?.errors?.[0].message ?? 'no event'}`),
    ...panels.flatMap((panel) => faults(panel).map((fault) => `panel ${panel.state.key.slice('panel-'.length)} '${panel.state.title}': ${fault}`)),
  ];
};

function faults(panel) {
  const { series, errors } = sceneGraph.getData(panel).state.data;
  const drawn = document.querySelector(`[data-viz-panel-key="${panel.state.key}"]`)?.innerText ?? '';
  const wrong = drawn.match(/\bNaN\b|Invalid date|undefined|unexpected error/i);
  const told = [panel.state._pluginLoadError, ...(errors ?? []).map(({ message }) => message)];
  return [...told, series.some((frame) => frame.length) ? null : 'no data', drawn ? null : 'nothing is drawn', wrong && `it says ${wrong[0]}`].filter(Boolean);
}
