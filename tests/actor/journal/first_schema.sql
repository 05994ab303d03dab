BEGIN TRANSACTION;
CREATE TABLE alerts (
    id INTEGER PRIMARY KEY, delivery_id INTEGER NOT NULL REFERENCES deliveries, fingerprint TEXT NOT NULL, status TEXT NOT NULL,
    labels TEXT NOT NULL, annotations TEXT NOT NULL, starts_at TEXT NOT NULL,
    disposition TEXT, reason TEXT, incident_id TEXT, decided_at REAL
) STRICT;
INSERT INTO "alerts" VALUES(1,1,'f1','firing','{"alertname":"HomeostatAutoExecute","action":"service-restart","risk":"low","decision":"auto-execute","severity":"warning","host":"h1","problem":"memory_leak","target":"web","resource":"memory"}','{"confidence":"0.950"}','2026-01-01T00:00:00Z','opened','a new episode','83d6ac34',1700000000.0);
INSERT INTO "alerts" VALUES(2,2,'f1','firing','{"alertname":"HomeostatAutoExecute","action":"service-restart","risk":"low","decision":"auto-execute","severity":"warning","host":"h1","problem":"memory_leak","target":"web","resource":"memory"}','{"confidence":"0.950"}','2026-01-01T00:00:00Z','repeated','the episode goes on','83d6ac34',1700000070.0);
INSERT INTO "alerts" VALUES(3,3,'f1','firing','{"alertname":"HomeostatAutoExecute","action":"disk-cleanup","risk":"low","decision":"auto-execute","severity":"warning","host":"h1","problem":"disk_exhaustion","target":"disk","resource":"filesystem"}','{"confidence":"0.950"}','2026-01-01T00:00:00Z','opened','a new episode','f7200000',1700000070.0);
INSERT INTO "alerts" VALUES(4,4,'f1','firing','{"alertname":"HomeostatPropose","action":"service-restart","risk":"low","decision":"propose","severity":"warning","host":"h1","problem":"fd_exhaustion","target":"web","resource":"fds"}','{"confidence":"0.750"}','2026-01-01T00:00:00Z','opened','a new episode','6886f66e',1700001280.0);
INSERT INTO "alerts" VALUES(5,5,'f1','firing','{"alertname":"HomeostatAutoExecute","action":"service-restart","risk":"low","decision":"auto-execute","severity":"warning","host":"h1","problem":"memory_leak","target":"nobody","resource":"memory"}','{"confidence":"0.950"}','2026-01-01T00:00:00Z','opened','a new episode','c6cb2f36',1700001280.0);
INSERT INTO "alerts" VALUES(6,6,'f1','firing','{"alertname":"HostDown"}','{"confidence":"0.950"}','2026-01-01T00:00:00Z','ignored','alert ''HostDown'' is no decision',NULL,1700001280.0);
INSERT INTO "alerts" VALUES(7,7,'f1','resolved','{"alertname":"HomeostatAutoExecute","action":"service-restart","risk":"low","decision":"auto-execute","severity":"warning","host":"h1","problem":"memory_leak","target":"nobody","resource":"memory"}','{"confidence":"0.950"}','2026-01-01T00:00:00Z','resolved','noted; an episode ends by our own query','c6cb2f36',1700001280.0);
INSERT INTO "alerts" VALUES(8,8,'f1','firing','{"alertname":"HomeostatAutoExecute","action":"service-restart","risk":"low","decision":"auto-execute","severity":"warning","host":"h1","problem":"service_down","target":"web","resource":"service"}','{"confidence":"0.950"}','2026-01-01T00:00:00Z','opened','a new episode','4a6abb61',1700001280.0);
INSERT INTO "alerts" VALUES(9,9,'f1','firing','{"alertname":"HomeostatAutoExecute","action":"disk-cleanup","risk":"low","decision":"auto-execute","severity":"warning","host":"h1","problem":"disk_exhaustion","target":"disk","resource":"filesystem"}','{"confidence":"0.950"}','2026-01-01T00:00:00Z',NULL,NULL,NULL,NULL);
CREATE TABLE breakers (
    scope TEXT PRIMARY KEY, failures INTEGER NOT NULL, open_until REAL, openings INTEGER NOT NULL
) STRICT;
INSERT INTO "breakers" VALUES('service-restart/web',0,NULL,0);
INSERT INTO "breakers" VALUES('global',0,NULL,0);
INSERT INTO "breakers" VALUES('disk-cleanup/disk',0,NULL,0);
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY, received_at REAL NOT NULL, source TEXT NOT NULL, truncated INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;
INSERT INTO "deliveries" VALUES(1,1700000000.0,'webhook',0,X'7B2276657273696F6E223A2234222C22616C65727473223A5B7B22737461747573223A22666972696E67222C226C6162656C73223A7B22616C6572746E616D65223A22486F6D656F737461744175746F45786563757465222C22616374696F6E223A22736572766963652D72657374617274222C227269736B223A226C6F77222C226465636973696F6E223A226175746F2D65786563757465222C227365766572697479223A227761726E696E67222C22686F7374223A226831222C2270726F626C656D223A226D656D6F72795F6C65616B222C22746172676574223A22776562222C227265736F75726365223A226D656D6F7279227D2C22616E6E6F746174696F6E73223A7B22636F6E666964656E6365223A22302E393530227D2C227374617274734174223A22323032362D30312D30315430303A30303A30305A222C2266696E6765727072696E74223A226631227D5D7D');
INSERT INTO "deliveries" VALUES(2,1700000070.0,'webhook',0,X'7B2276657273696F6E223A2234222C22616C65727473223A5B7B22737461747573223A22666972696E67222C226C6162656C73223A7B22616C6572746E616D65223A22486F6D656F737461744175746F45786563757465222C22616374696F6E223A22736572766963652D72657374617274222C227269736B223A226C6F77222C226465636973696F6E223A226175746F2D65786563757465222C227365766572697479223A227761726E696E67222C22686F7374223A226831222C2270726F626C656D223A226D656D6F72795F6C65616B222C22746172676574223A22776562222C227265736F75726365223A226D656D6F7279227D2C22616E6E6F746174696F6E73223A7B22636F6E666964656E6365223A22302E393530227D2C227374617274734174223A22323032362D30312D30315430303A30303A30305A222C2266696E6765727072696E74223A226631227D5D7D');
INSERT INTO "deliveries" VALUES(3,1700000070.0,'webhook',0,X'7B2276657273696F6E223A2234222C22616C65727473223A5B7B22737461747573223A22666972696E67222C226C6162656C73223A7B22616C6572746E616D65223A22486F6D656F737461744175746F45786563757465222C22616374696F6E223A226469736B2D636C65616E7570222C227269736B223A226C6F77222C226465636973696F6E223A226175746F2D65786563757465222C227365766572697479223A227761726E696E67222C22686F7374223A226831222C2270726F626C656D223A226469736B5F65786861757374696F6E222C22746172676574223A226469736B222C227265736F75726365223A2266696C6573797374656D227D2C22616E6E6F746174696F6E73223A7B22636F6E666964656E6365223A22302E393530227D2C227374617274734174223A22323032362D30312D30315430303A30303A30305A222C2266696E6765727072696E74223A226631227D5D7D');
INSERT INTO "deliveries" VALUES(4,1700001280.0,'webhook',0,X'7B2276657273696F6E223A2234222C22616C65727473223A5B7B22737461747573223A22666972696E67222C226C6162656C73223A7B22616C6572746E616D65223A22486F6D656F7374617450726F706F7365222C22616374696F6E223A22736572766963652D72657374617274222C227269736B223A226C6F77222C226465636973696F6E223A2270726F706F7365222C227365766572697479223A227761726E696E67222C22686F7374223A226831222C2270726F626C656D223A2266645F65786861757374696F6E222C22746172676574223A22776562222C227265736F75726365223A22666473227D2C22616E6E6F746174696F6E73223A7B22636F6E666964656E6365223A22302E373530227D2C227374617274734174223A22323032362D30312D30315430303A30303A30305A222C2266696E6765727072696E74223A226631227D5D7D');
INSERT INTO "deliveries" VALUES(5,1700001280.0,'webhook',0,X'7B2276657273696F6E223A2234222C22616C65727473223A5B7B22737461747573223A22666972696E67222C226C6162656C73223A7B22616C6572746E616D65223A22486F6D656F737461744175746F45786563757465222C22616374696F6E223A22736572766963652D72657374617274222C227269736B223A226C6F77222C226465636973696F6E223A226175746F2D65786563757465222C227365766572697479223A227761726E696E67222C22686F7374223A226831222C2270726F626C656D223A226D656D6F72795F6C65616B222C22746172676574223A226E6F626F6479222C227265736F75726365223A226D656D6F7279227D2C22616E6E6F746174696F6E73223A7B22636F6E666964656E6365223A22302E393530227D2C227374617274734174223A22323032362D30312D30315430303A30303A30305A222C2266696E6765727072696E74223A226631227D5D7D');
INSERT INTO "deliveries" VALUES(6,1700001280.0,'webhook',0,X'7B2276657273696F6E223A2234222C22616C65727473223A5B7B22737461747573223A22666972696E67222C226C6162656C73223A7B22616C6572746E616D65223A22486F7374446F776E227D2C22616E6E6F746174696F6E73223A7B22636F6E666964656E6365223A22302E393530227D2C227374617274734174223A22323032362D30312D30315430303A30303A30305A222C2266696E6765727072696E74223A226631227D5D7D');
INSERT INTO "deliveries" VALUES(7,1700001280.0,'webhook',0,X'7B2276657273696F6E223A2234222C22616C65727473223A5B7B22737461747573223A227265736F6C766564222C226C6162656C73223A7B22616C6572746E616D65223A22486F6D656F737461744175746F45786563757465222C22616374696F6E223A22736572766963652D72657374617274222C227269736B223A226C6F77222C226465636973696F6E223A226175746F2D65786563757465222C227365766572697479223A227761726E696E67222C22686F7374223A226831222C2270726F626C656D223A226D656D6F72795F6C65616B222C22746172676574223A226E6F626F6479222C227265736F75726365223A226D656D6F7279227D2C22616E6E6F746174696F6E73223A7B22636F6E666964656E6365223A22302E393530227D2C227374617274734174223A22323032362D30312D30315430303A30303A30305A222C2266696E6765727072696E74223A226631227D5D7D');
INSERT INTO "deliveries" VALUES(8,1700001280.0,'webhook',0,X'7B2276657273696F6E223A2234222C22616C65727473223A5B7B22737461747573223A22666972696E67222C226C6162656C73223A7B22616C6572746E616D65223A22486F6D656F737461744175746F45786563757465222C22616374696F6E223A22736572766963652D72657374617274222C227269736B223A226C6F77222C226465636973696F6E223A226175746F2D65786563757465222C227365766572697479223A227761726E696E67222C22686F7374223A226831222C2270726F626C656D223A22736572766963655F646F776E222C22746172676574223A22776562222C227265736F75726365223A2273657276696365227D2C22616E6E6F746174696F6E73223A7B22636F6E666964656E6365223A22302E393530227D2C227374617274734174223A22323032362D30312D30315430303A30303A30305A222C2266696E6765727072696E74223A226631227D5D7D');
INSERT INTO "deliveries" VALUES(9,1700001280.0,'webhook',0,X'7B2276657273696F6E223A2234222C22616C65727473223A5B7B22737461747573223A22666972696E67222C226C6162656C73223A7B22616C6572746E616D65223A22486F6D656F737461744175746F45786563757465222C22616374696F6E223A226469736B2D636C65616E7570222C227269736B223A226C6F77222C226465636973696F6E223A226175746F2D65786563757465222C227365766572697479223A227761726E696E67222C22686F7374223A226831222C2270726F626C656D223A226469736B5F65786861757374696F6E222C22746172676574223A226469736B222C227265736F75726365223A2266696C6573797374656D227D2C22616E6E6F746174696F6E73223A7B22636F6E666964656E6365223A22302E393530227D2C227374617274734174223A22323032362D30312D30315430303A30303A30305A222C2266696E6765727072696E74223A226631227D5D7D');
CREATE TABLE executions (
    incident_id TEXT NOT NULL REFERENCES incidents, action TEXT NOT NULL, action_class TEXT NOT NULL, target TEXT NOT NULL,
    host TEXT NOT NULL, started_at REAL NOT NULL, ended_at REAL, outcome TEXT
) STRICT;
INSERT INTO "executions" VALUES('83d6ac34','service-restart','restart','web','h1',1700000000.0,1700000010.0,'succeeded');
INSERT INTO "executions" VALUES('f7200000','disk-cleanup','cleanup','disk','h1',1700000070.0,1700000080.0,'succeeded');
CREATE TABLE incidents (
    id TEXT PRIMARY KEY, host TEXT NOT NULL, problem TEXT NOT NULL, target TEXT NOT NULL, resource TEXT NOT NULL,
    action TEXT NOT NULL, risk TEXT NOT NULL, decision TEXT NOT NULL, severity TEXT NOT NULL, confidence REAL,
    state TEXT, outcome TEXT, reason TEXT NOT NULL, opened_at REAL NOT NULL, last_firing_at REAL NOT NULL, wake_at REAL,
    acted_at REAL, closed_at REAL, episode_ended_at REAL, alert_labels TEXT NOT NULL
) STRICT;
INSERT INTO "incidents" VALUES('83d6ac34','h1','memory_leak','web','memory','service-restart','low','auto-execute','warning',0.95,NULL,'succeeded','web runs as a new invocation and stayed up through the settle window; health of web held; service-memory-ratio went from 0.8789 to 0.0977 (-0.7812; success is -0.02, warned is < 0.01); in Prometheus the use of web went from 80% to 80% of its limit',1700000000.0,1700000070.0,NULL,1700000000.0,1700000010.0,1700001280.0,'{"alertname":"HomeostatAutoExecute","action":"service-restart","risk":"low","decision":"auto-execute","severity":"warning","host":"h1","problem":"memory_leak","target":"web","resource":"memory"}');
INSERT INTO "incidents" VALUES('f7200000','h1','disk_exhaustion','disk','filesystem','disk-cleanup','low','auto-execute','warning',0.95,NULL,'succeeded','health of web held; filesystem-free-ratio went from 0.8125 to 1.0000 (+0.1875; success is +0.03, warned is > 0); in Prometheus the use of disk went from 80% to 80% of its limit',1700000070.0,1700000070.0,NULL,1700000070.0,1700000080.0,NULL,'{"alertname":"HomeostatAutoExecute","action":"disk-cleanup","risk":"low","decision":"auto-execute","severity":"warning","host":"h1","problem":"disk_exhaustion","target":"disk","resource":"filesystem"}');
INSERT INTO "incidents" VALUES('6886f66e','h1','fd_exhaustion','web','fds','service-restart','low','propose','warning',0.75,'proposed',NULL,'confirmation: the decision is propose',1700001280.0,1700001280.0,1700606080.0,NULL,NULL,NULL,'{"alertname":"HomeostatPropose","action":"service-restart","risk":"low","decision":"propose","severity":"warning","host":"h1","problem":"fd_exhaustion","target":"web","resource":"fds"}');
INSERT INTO "incidents" VALUES('c6cb2f36','h1','memory_leak','nobody','memory','service-restart','low','auto-execute','warning',0.95,NULL,'refused','known: ''nobody'' is not in the catalogue of services',1700001280.0,1700001280.0,1700001340.0,NULL,1700001280.0,NULL,'{"alertname":"HomeostatAutoExecute","action":"service-restart","risk":"low","decision":"auto-execute","severity":"warning","host":"h1","problem":"memory_leak","target":"nobody","resource":"memory"}');
INSERT INTO "incidents" VALUES('4a6abb61','h1','service_down','web','service','service-restart','low','auto-execute','warning',0.95,NULL,'refused','known: playbook service-restart does not answer ''service_down''',1700001280.0,1700001280.0,1700001340.0,NULL,1700001280.0,NULL,'{"alertname":"HomeostatAutoExecute","action":"service-restart","risk":"low","decision":"auto-execute","severity":"warning","host":"h1","problem":"service_down","target":"web","resource":"service"}');
CREATE TABLE last_outcomes (
    incident_id TEXT PRIMARY KEY REFERENCES incidents, word TEXT NOT NULL
) STRICT;
INSERT INTO "last_outcomes" VALUES('83d6ac34','auto-execute service-restart succeeded');
INSERT INTO "last_outcomes" VALUES('f7200000','auto-execute disk-cleanup succeeded');
INSERT INTO "last_outcomes" VALUES('c6cb2f36','auto-execute service-restart refused');
INSERT INTO "last_outcomes" VALUES('4a6abb61','auto-execute service-restart refused');
CREATE TABLE offsets (
    action TEXT PRIMARY KEY, value REAL NOT NULL, moved_at REAL NOT NULL
) STRICT;
INSERT INTO "offsets" VALUES('service-restart',0.05,1700000010.0);
INSERT INTO "offsets" VALUES('disk-cleanup',0.05,1700000080.0);
CREATE TABLE phases (
    id INTEGER PRIMARY KEY, incident_id TEXT NOT NULL REFERENCES incidents, phase TEXT NOT NULL, intent TEXT NOT NULL,
    intended_at REAL NOT NULL, finished_at REAL, result TEXT, failure TEXT
) STRICT;
INSERT INTO "phases" VALUES(1,'83d6ac34','baseline','null',1700000000.0,1700000000.0,'{"measured":0.87890625,"health":{"web":true},"invocation":"1","active":true,"usage":0.8}',NULL);
INSERT INTO "phases" VALUES(2,'83d6ac34','plan','null',1700000000.0,1700000000.0,'{"action":"service-restart","target":"web","commands":[{"step":"restart-service","summary":"restart web: /srv/h1/service/control restart","arguments":{"argv":["/srv/h1/service/control","restart"],"invocation":"1"},"expected":"another InvocationID than 1, and less memory","irreversible":false}]}',NULL);
INSERT INTO "phases" VALUES(3,'83d6ac34','protect','null',1700000000.0,1700000000.0,'{"protection":"none","record":{}}',NULL);
INSERT INTO "phases" VALUES(4,'83d6ac34','execute','{"step":"restart-service","summary":"restart web: /srv/h1/service/control restart","arguments":{"argv":["/srv/h1/service/control","restart"],"invocation":"1"},"expected":"another InvocationID than 1, and less memory","irreversible":false}',1700000000.0,1700000000.0,'{"output":"","status":0}',NULL);
INSERT INTO "phases" VALUES(5,'83d6ac34','seal','null',1700000000.0,1700000000.0,'{"protection":"none","record":{}}',NULL);
INSERT INTO "phases" VALUES(6,'83d6ac34','verify','null',1700000000.0,1700000010.0,'{"finding":"verified","confidence":1.0,"checks":[{"name":"invocation","status":"passed","passed_before":true,"detail":"web runs as a new invocation and stayed up through the settle window"},{"name":"health web","status":"passed","passed_before":true,"detail":"health of web held"},{"name":"measure","status":"passed","passed_before":false,"detail":"service-memory-ratio went from 0.8789 to 0.0977 (-0.7812; success is -0.02, warned is < 0.01)"},{"name":"prometheus","status":"passed","passed_before":false,"detail":"in Prometheus the use of web went from 80% to 80% of its limit"}]}',NULL);
INSERT INTO "phases" VALUES(7,'83d6ac34','keep','null',1700000010.0,1700000010.0,'null',NULL);
INSERT INTO "phases" VALUES(8,'f7200000','baseline','null',1700000070.0,1700000070.0,'{"measured":0.8125,"health":{"web":true},"invocation":null,"active":null,"usage":0.8}',NULL);
INSERT INTO "phases" VALUES(9,'f7200000','plan','null',1700000070.0,1700000070.0,'{"action":"disk-cleanup","target":"disk","commands":[{"step":"quarantine-files","summary":"quarantine 6 files of rule old-logs below /srv/h1/disk/logs","arguments":{"rule":"old-logs","directory":"/srv/h1/disk/logs","files":[{"path":"app.log.0","disk_bytes":32768,"inode":2151157,"modified_ns":1699913600000000000},{"path":"app.log.1","disk_bytes":32768,"inode":2151158,"modified_ns":1699913600000000000},{"path":"app.log.2","disk_bytes":32768,"inode":2151159,"modified_ns":1699913600000000000},{"path":"app.log.3","disk_bytes":32768,"inode":2151160,"modified_ns":1699913600000000000},{"path":"app.log.4","disk_bytes":32768,"inode":2151161,"modified_ns":1699913600000000000},{"path":"app.log.5","disk_bytes":32768,"inode":2151162,"modified_ns":1699913600000000000}]},"expected":"196608 bytes can be freed by the purge","irreversible":false},{"step":"purge-quarantine","summary":"delete what incident f7200000 has quarantined","arguments":{},"expected":"the quarantined bytes are free","irreversible":true}]}',NULL);
INSERT INTO "phases" VALUES(10,'f7200000','protect','null',1700000070.0,1700000070.0,'{"protection":"quarantine","record":{"root":"/srv/h1/disk","part":".homeostat-quarantine/f7200000","directories":{"old-logs":"/srv/h1/disk/logs"}}}',NULL);
INSERT INTO "phases" VALUES(11,'f7200000','execute','{"step":"quarantine-files","summary":"quarantine 6 files of rule old-logs below /srv/h1/disk/logs","arguments":{"rule":"old-logs","directory":"/srv/h1/disk/logs","files":[{"path":"app.log.0","disk_bytes":32768,"inode":2151157,"modified_ns":1699913600000000000},{"path":"app.log.1","disk_bytes":32768,"inode":2151158,"modified_ns":1699913600000000000},{"path":"app.log.2","disk_bytes":32768,"inode":2151159,"modified_ns":1699913600000000000},{"path":"app.log.3","disk_bytes":32768,"inode":2151160,"modified_ns":1699913600000000000},{"path":"app.log.4","disk_bytes":32768,"inode":2151161,"modified_ns":1699913600000000000},{"path":"app.log.5","disk_bytes":32768,"inode":2151162,"modified_ns":1699913600000000000}]},"expected":"196608 bytes can be freed by the purge","irreversible":false}',1700000070.0,1700000070.0,'{"moved":6,"moved_bytes":196608,"left":0}',NULL);
INSERT INTO "phases" VALUES(12,'f7200000','check','null',1700000070.0,1700000070.0,'null',NULL);
INSERT INTO "phases" VALUES(13,'f7200000','execute','{"step":"purge-quarantine","summary":"delete what incident f7200000 has quarantined","arguments":{},"expected":"the quarantined bytes are free","irreversible":true}',1700000070.0,1700000070.0,'{"purged":6,"purged_bytes":196608}',NULL);
INSERT INTO "phases" VALUES(14,'f7200000','seal','null',1700000070.0,1700000070.0,'{"protection":"quarantine","record":{"root":"/srv/h1/disk","part":".homeostat-quarantine/f7200000","directories":{"old-logs":"/srv/h1/disk/logs"}}}',NULL);
INSERT INTO "phases" VALUES(15,'f7200000','verify','null',1700000070.0,1700000080.0,'{"finding":"verified","confidence":1.0,"checks":[{"name":"health web","status":"passed","passed_before":true,"detail":"health of web held"},{"name":"measure","status":"passed","passed_before":false,"detail":"filesystem-free-ratio went from 0.8125 to 1.0000 (+0.1875; success is +0.03, warned is > 0)"},{"name":"prometheus","status":"passed","passed_before":false,"detail":"in Prometheus the use of disk went from 80% to 80% of its limit"}]}',NULL);
INSERT INTO "phases" VALUES(16,'f7200000','keep','null',1700000080.0,1700000080.0,'null',NULL);
CREATE TABLE proposals (
    incident_id TEXT PRIMARY KEY REFERENCES incidents, plan TEXT NOT NULL, plan_hash TEXT NOT NULL, made_at REAL NOT NULL,
    expires_at REAL NOT NULL
) STRICT;
INSERT INTO "proposals" VALUES('6886f66e','{"action":"service-restart","target":"web","commands":[{"step":"restart-service","summary":"restart web: /srv/h1/service/control restart","arguments":{"argv":["/srv/h1/service/control","restart"],"invocation":"2"},"expected":"another InvocationID than 2, and less memory","irreversible":false}]}','cf9f0323e5ac2943d53a029cac1acaf1392247c7062c2b3fe62e05e5c7f2312e',1700001280.0,1700606080.0);
CREATE TABLE records (
    action TEXT NOT NULL, target TEXT NOT NULL, successes INTEGER NOT NULL, trials INTEGER NOT NULL, failures_in_row INTEGER NOT NULL,
    PRIMARY KEY (action, target)
) STRICT;
INSERT INTO "records" VALUES('service-restart','web',1,1,0);
INSERT INTO "records" VALUES('disk-cleanup','disk',1,1,0);
CREATE TABLE totals (
    name TEXT NOT NULL, labels TEXT NOT NULL, value REAL NOT NULL, PRIMARY KEY (name, labels)
) STRICT
;
INSERT INTO "totals" VALUES('homeostat_deliveries_total','{"source": "webhook"}',9.0);
INSERT INTO "totals" VALUES('homeostat_alerts_received_total','{"source": "webhook"}',9.0);
INSERT INTO "totals" VALUES('homeostat_decision_confidence_ratio_bucket','{"decision": "auto-execute", "host": "h1", "le": "0.5"}',0.0);
INSERT INTO "totals" VALUES('homeostat_decision_confidence_ratio_bucket','{"decision": "auto-execute", "host": "h1", "le": "0.6"}',0.0);
INSERT INTO "totals" VALUES('homeostat_decision_confidence_ratio_bucket','{"decision": "auto-execute", "host": "h1", "le": "0.7"}',0.0);
INSERT INTO "totals" VALUES('homeostat_decision_confidence_ratio_bucket','{"decision": "auto-execute", "host": "h1", "le": "0.75"}',0.0);
INSERT INTO "totals" VALUES('homeostat_decision_confidence_ratio_bucket','{"decision": "auto-execute", "host": "h1", "le": "0.8"}',0.0);
INSERT INTO "totals" VALUES('homeostat_decision_confidence_ratio_bucket','{"decision": "auto-execute", "host": "h1", "le": "0.85"}',0.0);
INSERT INTO "totals" VALUES('homeostat_decision_confidence_ratio_bucket','{"decision": "auto-execute", "host": "h1", "le": "0.9"}',0.0);
INSERT INTO "totals" VALUES('homeostat_decision_confidence_ratio_bucket','{"decision": "auto-execute", "host": "h1", "le": "0.95"}',4.0);
INSERT INTO "totals" VALUES('homeostat_decision_confidence_ratio_bucket','{"decision": "auto-execute", "host": "h1", "le": "1.0"}',4.0);
INSERT INTO "totals" VALUES('homeostat_decision_confidence_ratio_bucket','{"decision": "auto-execute", "host": "h1", "le": "+Inf"}',4.0);
INSERT INTO "totals" VALUES('homeostat_decision_confidence_ratio_sum','{"decision": "auto-execute", "host": "h1"}',3.8);
INSERT INTO "totals" VALUES('homeostat_alerts_decided_total','{"disposition": "opened"}',5.0);
INSERT INTO "totals" VALUES('homeostat_actions_total','{"action": "service-restart", "decision": "auto-execute", "host": "h1", "outcome": "succeeded", "target": "web"}',1.0);
INSERT INTO "totals" VALUES('homeostat_action_duration_seconds_bucket','{"action": "service-restart", "host": "h1", "le": "1.0"}',0.0);
INSERT INTO "totals" VALUES('homeostat_action_duration_seconds_bucket','{"action": "service-restart", "host": "h1", "le": "5.0"}',0.0);
INSERT INTO "totals" VALUES('homeostat_action_duration_seconds_bucket','{"action": "service-restart", "host": "h1", "le": "15.0"}',1.0);
INSERT INTO "totals" VALUES('homeostat_action_duration_seconds_bucket','{"action": "service-restart", "host": "h1", "le": "30.0"}',1.0);
INSERT INTO "totals" VALUES('homeostat_action_duration_seconds_bucket','{"action": "service-restart", "host": "h1", "le": "60.0"}',1.0);
INSERT INTO "totals" VALUES('homeostat_action_duration_seconds_bucket','{"action": "service-restart", "host": "h1", "le": "120.0"}',1.0);
INSERT INTO "totals" VALUES('homeostat_action_duration_seconds_bucket','{"action": "service-restart", "host": "h1", "le": "300.0"}',1.0);
INSERT INTO "totals" VALUES('homeostat_action_duration_seconds_bucket','{"action": "service-restart", "host": "h1", "le": "900.0"}',1.0);
INSERT INTO "totals" VALUES('homeostat_action_duration_seconds_bucket','{"action": "service-restart", "host": "h1", "le": "+Inf"}',1.0);
INSERT INTO "totals" VALUES('homeostat_action_duration_seconds_sum','{"action": "service-restart", "host": "h1"}',10.0);
INSERT INTO "totals" VALUES('homeostat_alerts_decided_total','{"disposition": "repeated"}',1.0);
INSERT INTO "totals" VALUES('homeostat_actions_total','{"action": "disk-cleanup", "decision": "auto-execute", "host": "h1", "outcome": "succeeded", "target": "disk"}',1.0);
INSERT INTO "totals" VALUES('homeostat_action_duration_seconds_bucket','{"action": "disk-cleanup", "host": "h1", "le": "1.0"}',0.0);
INSERT INTO "totals" VALUES('homeostat_action_duration_seconds_bucket','{"action": "disk-cleanup", "host": "h1", "le": "5.0"}',0.0);
INSERT INTO "totals" VALUES('homeostat_action_duration_seconds_bucket','{"action": "disk-cleanup", "host": "h1", "le": "15.0"}',1.0);
INSERT INTO "totals" VALUES('homeostat_action_duration_seconds_bucket','{"action": "disk-cleanup", "host": "h1", "le": "30.0"}',1.0);
INSERT INTO "totals" VALUES('homeostat_action_duration_seconds_bucket','{"action": "disk-cleanup", "host": "h1", "le": "60.0"}',1.0);
INSERT INTO "totals" VALUES('homeostat_action_duration_seconds_bucket','{"action": "disk-cleanup", "host": "h1", "le": "120.0"}',1.0);
INSERT INTO "totals" VALUES('homeostat_action_duration_seconds_bucket','{"action": "disk-cleanup", "host": "h1", "le": "300.0"}',1.0);
INSERT INTO "totals" VALUES('homeostat_action_duration_seconds_bucket','{"action": "disk-cleanup", "host": "h1", "le": "900.0"}',1.0);
INSERT INTO "totals" VALUES('homeostat_action_duration_seconds_bucket','{"action": "disk-cleanup", "host": "h1", "le": "+Inf"}',1.0);
INSERT INTO "totals" VALUES('homeostat_action_duration_seconds_sum','{"action": "disk-cleanup", "host": "h1"}',10.0);
INSERT INTO "totals" VALUES('homeostat_resolution_seconds_bucket','{"host": "h1", "le": "60.0", "problem": "memory_leak"}',0.0);
INSERT INTO "totals" VALUES('homeostat_resolution_seconds_bucket','{"host": "h1", "le": "300.0", "problem": "memory_leak"}',1.0);
INSERT INTO "totals" VALUES('homeostat_resolution_seconds_bucket','{"host": "h1", "le": "900.0", "problem": "memory_leak"}',1.0);
INSERT INTO "totals" VALUES('homeostat_resolution_seconds_bucket','{"host": "h1", "le": "3600.0", "problem": "memory_leak"}',1.0);
INSERT INTO "totals" VALUES('homeostat_resolution_seconds_bucket','{"host": "h1", "le": "14400.0", "problem": "memory_leak"}',1.0);
INSERT INTO "totals" VALUES('homeostat_resolution_seconds_bucket','{"host": "h1", "le": "86400.0", "problem": "memory_leak"}',1.0);
INSERT INTO "totals" VALUES('homeostat_resolution_seconds_bucket','{"host": "h1", "le": "604800.0", "problem": "memory_leak"}',1.0);
INSERT INTO "totals" VALUES('homeostat_resolution_seconds_bucket','{"host": "h1", "le": "+Inf", "problem": "memory_leak"}',1.0);
INSERT INTO "totals" VALUES('homeostat_resolution_seconds_sum','{"host": "h1", "problem": "memory_leak"}',70.0);
INSERT INTO "totals" VALUES('homeostat_decision_confidence_ratio_bucket','{"decision": "propose", "host": "h1", "le": "0.5"}',0.0);
INSERT INTO "totals" VALUES('homeostat_decision_confidence_ratio_bucket','{"decision": "propose", "host": "h1", "le": "0.6"}',0.0);
INSERT INTO "totals" VALUES('homeostat_decision_confidence_ratio_bucket','{"decision": "propose", "host": "h1", "le": "0.7"}',0.0);
INSERT INTO "totals" VALUES('homeostat_decision_confidence_ratio_bucket','{"decision": "propose", "host": "h1", "le": "0.75"}',1.0);
INSERT INTO "totals" VALUES('homeostat_decision_confidence_ratio_bucket','{"decision": "propose", "host": "h1", "le": "0.8"}',1.0);
INSERT INTO "totals" VALUES('homeostat_decision_confidence_ratio_bucket','{"decision": "propose", "host": "h1", "le": "0.85"}',1.0);
INSERT INTO "totals" VALUES('homeostat_decision_confidence_ratio_bucket','{"decision": "propose", "host": "h1", "le": "0.9"}',1.0);
INSERT INTO "totals" VALUES('homeostat_decision_confidence_ratio_bucket','{"decision": "propose", "host": "h1", "le": "0.95"}',1.0);
INSERT INTO "totals" VALUES('homeostat_decision_confidence_ratio_bucket','{"decision": "propose", "host": "h1", "le": "1.0"}',1.0);
INSERT INTO "totals" VALUES('homeostat_decision_confidence_ratio_bucket','{"decision": "propose", "host": "h1", "le": "+Inf"}',1.0);
INSERT INTO "totals" VALUES('homeostat_decision_confidence_ratio_sum','{"decision": "propose", "host": "h1"}',0.75);
INSERT INTO "totals" VALUES('homeostat_gate_refusals_total','{"action": "service-restart", "gate": "confirmation", "host": "h1"}',1.0);
INSERT INTO "totals" VALUES('homeostat_gate_refusals_total','{"action": "service-restart", "gate": "budget", "host": "h1"}',2.0);
INSERT INTO "totals" VALUES('homeostat_gate_refusals_total','{"action": "service-restart", "gate": "known", "host": "h1"}',2.0);
INSERT INTO "totals" VALUES('homeostat_gate_refusals_total','{"action": "service-restart", "gate": "protection", "host": "h1"}',1.0);
INSERT INTO "totals" VALUES('homeostat_actions_total','{"action": "service-restart", "decision": "auto-execute", "host": "h1", "outcome": "refused", "target": "nobody"}',1.0);
INSERT INTO "totals" VALUES('homeostat_alerts_decided_total','{"disposition": "ignored"}',1.0);
INSERT INTO "totals" VALUES('homeostat_alerts_decided_total','{"disposition": "resolved"}',1.0);
INSERT INTO "totals" VALUES('homeostat_actions_total','{"action": "service-restart", "decision": "auto-execute", "host": "h1", "outcome": "refused", "target": "web"}',1.0);
CREATE TABLE verdicts (
    id INTEGER PRIMARY KEY, incident_id TEXT NOT NULL REFERENCES incidents, asked_at REAL NOT NULL, gate TEXT NOT NULL,
    answer TEXT NOT NULL, reason TEXT NOT NULL, inputs TEXT NOT NULL
) STRICT;
INSERT INTO "verdicts" VALUES(1,'83d6ac34',1700000000.0,'known','allow','service-restart may act on service web','{"action":"service-restart","target":"web","problem":"memory_leak","host":"h1"}');
INSERT INTO "verdicts" VALUES(2,'83d6ac34',1700000000.0,'protected','allow','nothing vital is touched','{"names":["restart","web"]}');
INSERT INTO "verdicts" VALUES(3,'83d6ac34',1700000000.0,'confirmation','allow','nobody wants to be asked','{"decision":"auto-execute"}');
INSERT INTO "verdicts" VALUES(4,'83d6ac34',1700000000.0,'stopped','allow','no stop','{"mode":"active"}');
INSERT INTO "verdicts" VALUES(5,'83d6ac34',1700000000.0,'silenced','allow','no silence matches','{"active_silences":0}');
INSERT INTO "verdicts" VALUES(6,'83d6ac34',1700000000.0,'firing','allow','confirmed by Prometheus 0 s ago','{"age_seconds":0.0,"most_seconds":20.0}');
INSERT INTO "verdicts" VALUES(7,'83d6ac34',1700000000.0,'age','allow','heard of 0s ago','{"age_seconds":0.0,"most_seconds":900.0}');
INSERT INTO "verdicts" VALUES(8,'83d6ac34',1700000000.0,'once','allow','the first run in this episode','{"earlier_runs":0}');
INSERT INTO "verdicts" VALUES(9,'83d6ac34',1700000000.0,'cooldown','allow','it has not run here lately','{"cooldown_seconds":300.0}');
INSERT INTO "verdicts" VALUES(10,'83d6ac34',1700000000.0,'budget','allow','every budget has room','{"1/1h per target":0,"3/24h per target":0,"6/1h restarts":0,"10/1d actions":0}');
INSERT INTO "verdicts" VALUES(11,'83d6ac34',1700000000.0,'breaker','allow','no breaker is open here','{"asked":["global","service-restart/web"]}');
INSERT INTO "verdicts" VALUES(12,'83d6ac34',1700000000.0,'concurrency','allow','nothing else is running','{}');
INSERT INTO "verdicts" VALUES(13,'83d6ac34',1700000000.0,'drifted','allow','it runs what is declared','{"invocation":"1","needs_reload":false}');
INSERT INTO "verdicts" VALUES(14,'83d6ac34',1700000000.0,'protection','allow','protection snapshot can be given, or doing without is declared','{"protection":"snapshot"}');
INSERT INTO "verdicts" VALUES(15,'83d6ac34',1700000000.0,'confidence','allow','the confidence is 0.95, above 0.75','{"decision":"auto-execute","action":"service-restart","confidence":0.95,"threshold":0.75}');
INSERT INTO "verdicts" VALUES(16,'f7200000',1700000070.0,'known','allow','disk-cleanup may act on filesystem disk','{"action":"disk-cleanup","target":"disk","problem":"disk_exhaustion","host":"h1"}');
INSERT INTO "verdicts" VALUES(17,'f7200000',1700000070.0,'protected','allow','nothing vital is touched','{"names":["disk"]}');
INSERT INTO "verdicts" VALUES(18,'f7200000',1700000070.0,'confirmation','allow','nobody wants to be asked','{"decision":"auto-execute"}');
INSERT INTO "verdicts" VALUES(19,'f7200000',1700000070.0,'stopped','allow','no stop','{"mode":"active"}');
INSERT INTO "verdicts" VALUES(20,'f7200000',1700000070.0,'silenced','allow','no silence matches','{"active_silences":0}');
INSERT INTO "verdicts" VALUES(21,'f7200000',1700000070.0,'firing','allow','confirmed by Prometheus 0 s ago','{"age_seconds":0.0,"most_seconds":20.0}');
INSERT INTO "verdicts" VALUES(22,'f7200000',1700000070.0,'age','allow','heard of 0s ago','{"age_seconds":0.0,"most_seconds":900.0}');
INSERT INTO "verdicts" VALUES(23,'f7200000',1700000070.0,'once','allow','the first run in this episode','{"earlier_runs":0}');
INSERT INTO "verdicts" VALUES(24,'f7200000',1700000070.0,'cooldown','allow','it has not run here lately','{"cooldown_seconds":3600.0}');
INSERT INTO "verdicts" VALUES(25,'f7200000',1700000070.0,'budget','allow','every budget has room','{"1/1h per target":0,"3/24h per target":0,"10/1d actions":1}');
INSERT INTO "verdicts" VALUES(26,'f7200000',1700000070.0,'breaker','allow','no breaker is open here','{"asked":["disk-cleanup/disk","global"]}');
INSERT INTO "verdicts" VALUES(27,'f7200000',1700000070.0,'concurrency','allow','nothing else is running','{}');
INSERT INTO "verdicts" VALUES(28,'f7200000',1700000070.0,'drifted','allow','no service is touched','{}');
INSERT INTO "verdicts" VALUES(29,'f7200000',1700000070.0,'protection','allow','protection quarantine can be given, or doing without is declared','{"protection":"quarantine"}');
INSERT INTO "verdicts" VALUES(30,'f7200000',1700000070.0,'confidence','allow','the confidence is 0.95, above 0.75','{"decision":"auto-execute","action":"disk-cleanup","confidence":0.95,"threshold":0.75}');
INSERT INTO "verdicts" VALUES(31,'6886f66e',1700001280.0,'known','allow','service-restart may act on service web','{"action":"service-restart","target":"web","problem":"fd_exhaustion","host":"h1"}');
INSERT INTO "verdicts" VALUES(32,'6886f66e',1700001280.0,'protected','allow','nothing vital is touched','{"names":["restart","web"]}');
INSERT INTO "verdicts" VALUES(33,'6886f66e',1700001280.0,'confirmation','confirm','the decision is propose','{"decision":"propose"}');
INSERT INTO "verdicts" VALUES(34,'6886f66e',1700001280.0,'stopped','allow','no stop','{"mode":"active"}');
INSERT INTO "verdicts" VALUES(35,'6886f66e',1700001280.0,'silenced','allow','no silence matches','{"active_silences":0}');
INSERT INTO "verdicts" VALUES(36,'6886f66e',1700001280.0,'firing','allow','confirmed by Prometheus 0 s ago','{"age_seconds":0.0,"most_seconds":20.0}');
INSERT INTO "verdicts" VALUES(37,'6886f66e',1700001280.0,'age','allow','heard of 0s ago','{"age_seconds":0.0,"most_seconds":900.0}');
INSERT INTO "verdicts" VALUES(38,'6886f66e',1700001280.0,'once','allow','the first run in this episode','{"earlier_runs":0}');
INSERT INTO "verdicts" VALUES(39,'6886f66e',1700001280.0,'cooldown','allow','the cooldown of 5m is over','{"ended_at":1700000010.0,"cooldown_seconds":300.0}');
INSERT INTO "verdicts" VALUES(40,'6886f66e',1700001280.0,'budget','defer','the budget of 1/1h per target is spent','{"1/1h per target":1}');
INSERT INTO "verdicts" VALUES(41,'6886f66e',1700001280.0,'breaker','allow','no breaker is open here','{"asked":["global","service-restart/web"]}');
INSERT INTO "verdicts" VALUES(42,'6886f66e',1700001280.0,'concurrency','allow','nothing else is running','{}');
INSERT INTO "verdicts" VALUES(43,'6886f66e',1700001280.0,'drifted','allow','it runs what is declared','{"invocation":"2","needs_reload":false}');
INSERT INTO "verdicts" VALUES(44,'6886f66e',1700001280.0,'protection','allow','protection snapshot can be given, or doing without is declared','{"protection":"snapshot"}');
INSERT INTO "verdicts" VALUES(45,'6886f66e',1700001280.0,'confidence','allow','a person decides','{"decision":"propose","action":"service-restart","confidence":0.75}');
INSERT INTO "verdicts" VALUES(46,'c6cb2f36',1700001280.0,'known','refuse','''nobody'' is not in the catalogue of services','{"action":"service-restart","target":"nobody","problem":"memory_leak","host":"h1"}');
INSERT INTO "verdicts" VALUES(47,'c6cb2f36',1700001280.0,'protected','allow','nothing vital is touched','{"names":["nobody"]}');
INSERT INTO "verdicts" VALUES(48,'c6cb2f36',1700001280.0,'confirmation','allow','nobody wants to be asked','{"decision":"auto-execute"}');
INSERT INTO "verdicts" VALUES(49,'c6cb2f36',1700001280.0,'stopped','allow','no stop','{"mode":"active"}');
INSERT INTO "verdicts" VALUES(50,'c6cb2f36',1700001280.0,'silenced','allow','no silence matches','{"active_silences":0}');
INSERT INTO "verdicts" VALUES(51,'c6cb2f36',1700001280.0,'firing','allow','confirmed by Prometheus 0 s ago','{"age_seconds":0.0,"most_seconds":20.0}');
INSERT INTO "verdicts" VALUES(52,'c6cb2f36',1700001280.0,'age','allow','heard of 0s ago','{"age_seconds":0.0,"most_seconds":900.0}');
INSERT INTO "verdicts" VALUES(53,'c6cb2f36',1700001280.0,'once','allow','the first run in this episode','{"earlier_runs":0}');
INSERT INTO "verdicts" VALUES(54,'c6cb2f36',1700001280.0,'cooldown','allow','it has not run here lately','{"cooldown_seconds":300.0}');
INSERT INTO "verdicts" VALUES(55,'c6cb2f36',1700001280.0,'budget','allow','every budget has room','{"1/1h per target":0,"3/24h per target":0,"6/1h restarts":1,"10/1d actions":2}');
INSERT INTO "verdicts" VALUES(56,'c6cb2f36',1700001280.0,'breaker','allow','no breaker is open here','{"asked":["global","service-restart/nobody"]}');
INSERT INTO "verdicts" VALUES(57,'c6cb2f36',1700001280.0,'concurrency','allow','nothing else is running','{}');
INSERT INTO "verdicts" VALUES(58,'c6cb2f36',1700001280.0,'drifted','allow','no service is touched','{}');
INSERT INTO "verdicts" VALUES(59,'c6cb2f36',1700001280.0,'protection','refuse','protection snapshot cannot be given: the target is unknown','{"protection":"snapshot"}');
INSERT INTO "verdicts" VALUES(60,'c6cb2f36',1700001280.0,'confidence','allow','the confidence is 0.95, above 0.75','{"decision":"auto-execute","action":"service-restart","confidence":0.95,"threshold":0.75}');
INSERT INTO "verdicts" VALUES(61,'4a6abb61',1700001280.0,'known','refuse','playbook service-restart does not answer ''service_down''','{"action":"service-restart","target":"web","problem":"service_down","host":"h1"}');
INSERT INTO "verdicts" VALUES(62,'4a6abb61',1700001280.0,'protected','allow','nothing vital is touched','{"names":["restart","web"]}');
INSERT INTO "verdicts" VALUES(63,'4a6abb61',1700001280.0,'confirmation','allow','nobody wants to be asked','{"decision":"auto-execute"}');
INSERT INTO "verdicts" VALUES(64,'4a6abb61',1700001280.0,'stopped','allow','no stop','{"mode":"active"}');
INSERT INTO "verdicts" VALUES(65,'4a6abb61',1700001280.0,'silenced','allow','no silence matches','{"active_silences":0}');
INSERT INTO "verdicts" VALUES(66,'4a6abb61',1700001280.0,'firing','allow','confirmed by Prometheus 0 s ago','{"age_seconds":0.0,"most_seconds":20.0}');
INSERT INTO "verdicts" VALUES(67,'4a6abb61',1700001280.0,'age','allow','heard of 0s ago','{"age_seconds":0.0,"most_seconds":900.0}');
INSERT INTO "verdicts" VALUES(68,'4a6abb61',1700001280.0,'once','allow','the first run in this episode','{"earlier_runs":0}');
INSERT INTO "verdicts" VALUES(69,'4a6abb61',1700001280.0,'cooldown','allow','the cooldown of 5m is over','{"ended_at":1700000010.0,"cooldown_seconds":300.0}');
INSERT INTO "verdicts" VALUES(70,'4a6abb61',1700001280.0,'budget','defer','the budget of 1/1h per target is spent','{"1/1h per target":1}');
INSERT INTO "verdicts" VALUES(71,'4a6abb61',1700001280.0,'breaker','allow','no breaker is open here','{"asked":["global","service-restart/web"]}');
INSERT INTO "verdicts" VALUES(72,'4a6abb61',1700001280.0,'concurrency','allow','nothing else is running','{}');
INSERT INTO "verdicts" VALUES(73,'4a6abb61',1700001280.0,'drifted','allow','it runs what is declared','{"invocation":"2","needs_reload":false}');
INSERT INTO "verdicts" VALUES(74,'4a6abb61',1700001280.0,'protection','allow','protection snapshot can be given, or doing without is declared','{"protection":"snapshot"}');
INSERT INTO "verdicts" VALUES(75,'4a6abb61',1700001280.0,'confidence','allow','the confidence is 0.95, above 0.75','{"decision":"auto-execute","action":"service-restart","confidence":0.95,"threshold":0.75}');
CREATE INDEX alerts_undecided ON alerts (id) WHERE disposition IS NULL;
CREATE UNIQUE INDEX incidents_open_episode ON incidents (host, problem, target, resource) WHERE episode_ended_at IS NULL;
CREATE INDEX incidents_opened ON incidents (opened_at);
CREATE INDEX phases_incident ON phases (incident_id);
CREATE INDEX verdicts_incident ON verdicts (incident_id);
CREATE INDEX executions_started ON executions (started_at);
COMMIT;
PRAGMA user_version = 1;
