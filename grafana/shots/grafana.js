// What Grafana's server and its core would set up before a scene runs: the theme, registries, and how a query is run.
import {
  booleanOverrideProcessor, createTheme, dataLinksOverrideProcessor, displayNameOverrideProcessor, EventBusSrv, FieldConfigProperty, identityOverrideProcessor,
  LoadingState, numberOverrideProcessor, standardFieldConfigEditorRegistry, standardTransformers, standardTransformersRegistry, stringOverrideProcessor, toDataFrame,
} from '@grafana/data';
import { config, setAppEvents, setDataSourceSrv, setPluginImportUtils, setRunRequest } from '@grafana/runtime';
import { catchError, from, map, of } from 'rxjs';

const PROCESS = {
  [FieldConfigProperty.Min]: numberOverrideProcessor,
  [FieldConfigProperty.Max]: numberOverrideProcessor,
  [FieldConfigProperty.Decimals]: numberOverrideProcessor,
  [FieldConfigProperty.DisplayName]: displayNameOverrideProcessor,
  [FieldConfigProperty.NoValue]: stringOverrideProcessor,
  [FieldConfigProperty.Links]: dataLinksOverrideProcessor,
  [FieldConfigProperty.Filterable]: booleanOverrideProcessor,
};

export function startGrafana(source, mode) {
  config.theme2 = createTheme({ colors: { mode } });
  setAppEvents(new EventBusSrv());
  setPluginImportUtils({ getPanelPluginFromCache: () => undefined, importPanelPlugin: (id) => Promise.reject(new Error(`no panel ${id}`)) });
  setDataSourceSrv({ get: async () => source, getList: () => [{ name: source.uid, uid: source.uid }], getInstanceSettings: () => ({ uid: source.uid, type: source.type, meta: source.meta }) });
  setRunRequest(answered);
  standardTransformersRegistry.setInit(() => Object.values(standardTransformers).filter((one, at, all) => all.findIndex(({ id }) => id === one.id) === at).map((transformation) => ({ id: transformation.id, name: transformation.name, transformation })));
  standardFieldConfigEditorRegistry.setInit(() => Object.values(FieldConfigProperty).map((id) => ({ id, path: id, name: id, process: PROCESS[id] ?? identityOverrideProcessor, shouldApply: () => true, getItemsCount: () => 0 })));
}

function answered(source, request) {
  const data = { series: [], annotations: [], request, timeRange: request.range };
  return from(source.query(request)).pipe(
    map((answer) => ({ ...data, state: LoadingState.Done, series: answer.data.map(toDataFrame) })),
    catchError((error) => of({ ...data, state: LoadingState.Error, errors: [{ message: error.message }] })),
  );
}
