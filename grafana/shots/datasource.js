// A data source of the scene that asks Prometheus itself. In Grafana its server does this; the frames that come out are the same.
import { FieldType, renderLegendFormat, toDataFrame } from '@grafana/data';
import { RuntimeDataSource, sceneGraph } from '@grafana/scenes';
import { of } from 'rxjs';

const escaped = (value) => String(value).replace(/\\/g, '\\\\\\\\').replace(/[$^*{}[\]'+?.()|]/g, '\\\\$&');
const inPromql = (value) => (Array.isArray(value) ? `(${value.map(escaped).join('|')})` : escaped(value));

export class Prometheus extends RuntimeDataSource {
  constructor(uid) {
    super('prometheus', uid);
    this.interval = '15s';
    this.annotations = { prepareAnnotation: (json) => json, prepareQuery: ({ expr, step }) => ({ refId: 'A', expr, range: true, step }), processEvents: (annotation, frames) => of(eventsOf(annotation, frames)) };
  }

  async query(request) {
    const answers = await Promise.all(request.targets.map((target) => this.frames(target, request)));
    const tables = request.targets.filter((target) => target.format === 'table').length;
    return { data: answers.flat().map((frame) => (tables > 1 ? numbered(frame) : frame)), key: request.requestId };
  }

  async frames(target, request) {
    const step = Math.max(Math.ceil(request.intervalMs / 1000), 15);
    const [start, end] = [request.range.from.unix(), request.range.to.unix()].map((moment) => moment - (moment % step));
    const query = this.filled(target.expr, request, step);
    const found = target.instant ? await this.ask('query', { query, time: request.range.to.unix() }) : await this.ask('query_range', { query, start, end, step });
    const series = found.result.map(({ metric, value, values }) => ({ labels: metric, samples: values ?? [value] }));
    if (target.format === 'table') {
      return tableOf(target, series);
    }
    const legend = target.format === 'heatmap' ? '{{le}}' : target.legendFormat;
    const frames = series.map(({ labels, samples }) => frameOf(target, nameOf(labels, legend, query), labels, samples, target.instant ? undefined : step * 1000));
    return target.format === 'heatmap' ? bucketsOf(target, frames) : frames;
  }

  async metricFindQuery(query, { range, scopedVars }) {
    const [, series, label] = /^label_values\((.+),\s*(\w+)\)$/s.exec(query.query);
    const match = this.filled(series, { range, scopedVars }, 15);
    const found = await this.ask(`label/${label}/values`, { 'match[]': match, start: range.from.unix(), end: range.to.unix() });
    return found.map((text) => ({ text }));
  }

  filled(promql, { range, scopedVars }, step) {
    const seconds = range.to.unix() - range.from.unix();
    const own = { __interval: `${step}s`, __rate_interval: `${Math.max(4 * step, 60)}s`, __range: `${seconds}s`, __range_s: seconds };
    const all = { ...scopedVars, ...Object.fromEntries(Object.entries(own).map(([name, value]) => [name, { text: value, value }])) };
    return sceneGraph.interpolate(scopedVars.__sceneObject.value.valueOf(), promql, all, inPromql);
  }

  async ask(path, parameters) {
    const response = await fetch(`api/v1/${path}?${new URLSearchParams(parameters)}`);
    const answer = await response.json();
    if (answer.status !== 'success') {
      throw new Error(answer.error);
    }
    return answer.data;
  }
}

const number = (text) => Number(text.replace('Inf', 'Infinity'));
const time = (samples, interval) => ({ name: 'Time', type: FieldType.time, config: { interval }, values: samples.map(([moment]) => moment * 1000) });

function nameOf(labels, legend, query) {
  const { __name__: name = '', ...rest } = labels;
  const all = Object.entries(rest).map(([label, value]) => `${label}="${value}"`).join(', ');
  return legend ? renderLegendFormat(legend, labels) : `${name}${all && `{${all}}`}` || query;
}

function frameOf(target, name, labels, samples, interval) {
  const value = { name: 'Value', type: FieldType.number, labels, config: { displayNameFromDS: name }, values: samples.map(([, text]) => number(text)) };
  return toDataFrame({ refId: target.refId, meta: { type: 'timeseries-multi' }, fields: [time(samples, interval), value] });
}

function tableOf(target, series) {
  const rows = series.flatMap(({ labels, samples }) => samples.map((sample) => ({ labels, sample })));
  const names = [...new Set(series.flatMap(({ labels }) => Object.keys(labels)))].sort();
  const columns = names.map((name) => ({ name, type: FieldType.string, config: { filterable: true }, values: rows.map(({ labels }) => labels[name] ?? '') }));
  const value = { name: 'Value', type: FieldType.number, values: rows.map(({ sample }) => number(sample[1])) };
  return rows.length ? [toDataFrame({ refId: target.refId, fields: [time(rows.map(({ sample }) => sample)), ...columns, value] })] : [];
}

function numbered(frame) {
  return { ...frame, fields: frame.fields.map((field) => (field.name === 'Value' ? { ...field, name: `Value #${frame.refId}` } : field)) };
}

// Prometheus counts a bucket with all below it; a heatmap shows each for itself.
function bucketsOf(target, frames) {
  const sorted = frames.map((frame) => frame.fields).sort(([, a], [, b]) => number(a.labels.le) - number(b.labels.le));
  if (!sorted.length) {
    return [];
  }
  const moments = [...new Set(sorted.flatMap(([times]) => times.values))].sort((a, b) => a - b);
  const counts = sorted.map(([times, value]) => new Map(times.values.map((moment, row) => [moment, value.values[row]])));
  const own = (at, moment) => (counts[at].get(moment) ?? 0) - (at ? counts[at - 1].get(moment) ?? 0 : 0);
  const fields = sorted.map(([, value], at) => ({ ...value, name: value.labels.le, values: moments.map((moment) => own(at, moment)) }));
  return [toDataFrame({ refId: target.refId, meta: { type: 'heatmap-rows' }, fields: [{ ...sorted[0][0], values: moments }, ...fields] })];
}

// As Grafana's Prometheus data source does: samples at most a step apart are one event, from the first to the last.
function eventsOf(annotation, frames) {
  const step = 1000 * parseInt(annotation.step, 10);
  return frames.flatMap(({ fields: [times, value] }) => {
    const said = { title: renderLegendFormat(annotation.titleFormat, value.labels), text: renderLegendFormat(annotation.textFormat, value.labels), tags: [] };
    const active = times.values.map((moment, row) => (annotation.useValueForTime ? [value.values[row], 1] : [moment, value.values[row]])).filter(([, one]) => one >= 1);
    return active.reduce((events, [moment]) => {
      const last = events.at(-1);
      if (last && last.timeEnd + step >= moment) {
        last.timeEnd = moment;
        return events;
      }
      return [...events, { ...said, time: moment, timeEnd: moment }];
    }, []);
  });
}
