// What Grafana's server writes into its page; its libraries read it when they are loaded, so this comes first.
window.grafanaBootData = { settings: { featureToggles: {}, regionalFormat: 'en-GB' }, user: {}, navTree: [] };
