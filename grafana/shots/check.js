// Names what a dashboard asks for that Grafana's own libraries do not know: Grafana ignores such words in silence.
import {
  createTheme, fieldColorModeRegistry, FieldConfigProperty, fieldMatchers, fieldReducers, getValueFormats, MappingType, SpecialValueMatch,
  standardTransformers, ThresholdsMode, VariableHide, VariableRefresh, VariableSort,
} from '@grafana/data';
import * as schema from '@grafana/schema';
import * as heatmap from '@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen';

const ids = (registry) => new Set(registry.list().map((item) => item.id));
const values = (...enums) => new Set(enums.flatMap((words) => Object.values(words)));

const UNITS = new Set(getValueFormats().flatMap((category) => category.submenu.map((format) => format.value)));
const REDUCERS = ids(fieldReducers);
const MATCHERS = ids(fieldMatchers);
const TRANSFORMATIONS = new Set(Object.values(standardTransformers).map((transformer) => transformer.id));
const PROPERTIES = values(FieldConfigProperty);
const visualization = createTheme().visualization;
const COLORS = { has: (color) => /^(#|rgb)/.test(color) || visualization.getColorByName(color) !== color };

// Which words may stand at a key of a panel, wherever the key is.
const WORDS = {
  unit: UNITS,
  'color.mode': new Set([...ids(fieldColorModeRegistry), ...values(heatmap.HeatmapColorMode)]),
  'thresholds.mode': values(ThresholdsMode),
  'mappings.type': values(MappingType),
  'options.match': values(SpecialValueMatch),
  'matcher.id': MATCHERS,
  'transformations.id': TRANSFORMATIONS,
  calcs: REDUCERS, reducers: REDUCERS, aggregations: REDUCERS,
  color: COLORS, fixedColor: COLORS, fill: COLORS,
  'custom.drawStyle': values(schema.GraphDrawStyle),
  'custom.lineInterpolation': values(schema.LineInterpolation),
  'custom.gradientMode': values(schema.GraphGradientMode),
  'lineStyle.fill': new Set(['solid', 'dash', 'dot', 'square']),
  'custom.axisPlacement': values(schema.AxisPlacement),
  'custom.showPoints': values(schema.VisibilityMode),
  'stacking.mode': values(schema.StackingMode),
  'thresholdsStyle.mode': values(schema.GraphThresholdsStyleMode),
  'scaleDistribution.type': values(schema.ScaleDistribution),
  'cellOptions.type': values(schema.TableCellDisplayMode),
  'cellOptions.mode': values(schema.BarGaugeDisplayMode, schema.TableCellBackgroundDisplayMode),
  'legend.displayMode': values(schema.LegendDisplayMode),
  'tooltip.mode': values(schema.TooltipDisplayMode),
  'tooltip.sort': values(schema.SortOrder),
  'options.colorMode': values(schema.BigValueColorMode),
  'options.graphMode': values(schema.BigValueGraphMode),
  'options.justifyMode': values(schema.BigValueJustifyMode),
  'options.textMode': values(schema.BigValueTextMode),
  'options.displayMode': values(schema.BarGaugeDisplayMode),
  'options.valueMode': values(schema.BarGaugeValueMode),
  'options.namePlacement': values(schema.BarGaugeNamePlacement),
  'options.orientation': values(schema.VizOrientation),
  'options.cellHeight': values(schema.TableCellHeight),
  'options.showValue': values(schema.VisibilityMode),
};

// `declared` has for each panel type the names of options that its published types declare.
export function unknown(dashboard, declared) {
  const version = dashboard.schemaVersion;
  const found = version >= 39 && version <= 42 ? [] : [`schemaVersion ${version} is not one of 39 to 42`];
  for (const variable of dashboard.templating.list) {
    const where = `variable ${variable.name}`;
    found.push(...missing(where, 'hide', variable.hide, values(VariableHide)), ...missing(where, 'refresh', variable.refresh, values(VariableRefresh)), ...missing(where, 'sort', variable.sort, values(VariableSort)));
  }
  for (const annotation of dashboard.annotations.list) {
    found.push(...missing(`annotation ${annotation.name}`, 'iconColor', annotation.iconColor, COLORS));
  }
  for (const panel of dashboard.panels.flatMap((one) => [one, ...(one.panels ?? [])]).filter((one) => one.type !== 'row')) {
    found.push(...unknownInPanel(`panel ${panel.id} '${panel.title}'`, panel, declared));
  }
  return found;
}

function unknownInPanel(where, panel, declared) {
  const names = declared[panel.type];
  if (!names) {
    return [`${where}: unknown panel type ${panel.type}`];
  }
  const { defaults, overrides } = panel.fieldConfig;
  const known = { has: (property) => (property.startsWith('custom.') ? names.includes(property.split('.')[1]) : PROPERTIES.has(property)) };
  const settings = overrides.flatMap((override) => override.properties);
  // An override says `{id: "custom.drawStyle", value: "line"}` where the defaults say `{custom: {drawStyle: "line"}}`.
  const written = settings.map(({ id, value }) => id.split('.').reduceRight((inner, key) => ({ [key]: inner }), value));
  return [
    ...missing(where, 'option', Object.keys(panel.options), new Set(names)),
    ...missing(where, 'field property', Object.keys(defaults).filter((key) => key !== 'custom'), PROPERTIES),
    ...missing(where, 'field property', [...Object.keys(defaults.custom ?? {}).map((key) => `custom.${key}`), ...settings.map(({ id }) => id)], known),
    ...[defaults, overrides.map(({ matcher }) => ({ matcher })), written, { options: panel.options }, { transformations: panel.transformations ?? [] }].flatMap((part) => unknownWords(where, part, [])),
  ];
}

function unknownWords(where, part, path) {
  return Object.entries(part ?? {}).flatMap(([key, value]) => {
    // Positions in a list are no part of the path.
    const here = Array.isArray(part) ? path : [...path, key];
    const known = WORDS[here.slice(-2).join('.')] ?? WORDS[here.at(-1)];
    const leaf = typeof value !== 'object' || Array.isArray(value) && typeof value[0] !== 'object';
    return leaf ? missing(where, here.slice(-2).join('.'), known ? value : [], known) : unknownWords(where, value, here);
  });
}

function missing(where, what, value, known) {
  return [value].flat().filter((one) => one !== undefined && !known.has(one)).map((one) => `${where}: unknown ${what} ${JSON.stringify(one)}`);
}

globalThis.unknown = unknown;
