// @grafana/scenes' panel builders, which nothing here uses, want this of @grafana/schema, which no longer has it.
export const defaultOptions = {};
