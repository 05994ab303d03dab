"""A homelab's configuration: the defaults, and one entry of every kind that is empty by default."""

from __future__ import annotations

from homeostat.config.autonomy import ActionOverride, Autonomy, Entry, Record
from homeostat.config.backups import Backup, Integrity, RestoreTest
from homeostat.config.catalogue import CleanupRule, Filesystem, Group, Service, ServiceCommands
from homeostat.config.limits import Limits
from homeostat.config.log_patterns import LogPattern
from homeostat.config.observers import LogsObserver, Observers
from homeostat.config.questions import Answer, Column, Question
from homeostat.config.section import DAY, MINUTE
from homeostat.config.targets import (
    AlertTarget,
    BackupFilesystem,
    BackupTarget,
    CertificatesTarget,
    CustomTarget,
    LatencyTarget,
    Targets,
    Traffic,
)
from homeostat.config.types import Alertmanager, Config, Exporter, Security
from homeostat.config.units import Duration, Size
from homeostat.time_intervals import TimeInterval, TimeRange

_HEALTH = ("/usr/bin/curl", "--fail", "--silent", "http://127.0.0.1:8096/health")

EXAMPLE = Config(
    host="nas",
    alertmanager=Alertmanager(config_file="/etc/prometheus/alertmanager.yml", time_intervals=("maintenance",)),
    exporter=Exporter(
        hosts={"192.168.1.20:9100": "nas"},
        targets=Targets(
            certificates=CertificatesTarget(names=("https://jellyfin.example.org",)),
            backup=BackupTarget(filesystems=(BackupFilesystem(mountpoint="/srv/backup", host="nas"),)),
            latency=LatencyTarget(
                services={"jellyfin": 'histogram_quantile(0.95, sum by (instance, le) (rate(http_request_duration_seconds_bucket{job="jellyfin"}[5m])))'},
            ),
            custom=(CustomTarget(name="ups-runtime", query="ups_runtime_seconds", limit=600.0, problem="power_loss", resource="battery", direction="down", unit="seconds", target="ups"),),
            alert=(AlertTarget(alert="ContainerDown", problem="service_down", resource="service", confidence=0.95, target_label="name"),),
        ),
        observers=Observers(logs=LogsObserver(patterns={"ups-on-battery": LogPattern(match="ups .{1,40} on battery", severity="critical", enough=1)})),
        traffic=(Traffic(service="jellyfin", query='sum(rate(traefik_service_requests_total{service="jellyfin@docker"}[5m]))', timezone="Europe/Berlin"),),
    ),
    autonomy=Autonomy(
        require_approval_for=("disk-cleanup",),
        preferences={"disk_exhaustion": ("disk-cleanup",)},
        schedule=(
            Entry(name="weekdays", when=(TimeInterval(weekdays=("monday:friday",), location="Europe/Berlin"),), level="conservative", max_actions_per_day=5),
            Entry(name="weekend", when=(TimeInterval(weekdays=("saturday", "sunday"), location="Europe/Berlin"),), level="aggressive", max_actions_per_day=20),
        ),
        actions={
            "service-restart": ActionOverride(
                min_confidence=0.85,
                cooldown=Duration(10 * MINUTE),
                settle=Duration(30),
                watch=Duration(5 * MINUTE),
                imported_record=Record(source="the shell scripts before Homeostat", successes=11, trials=12),
            ),
        },
    ),
    windows=(TimeInterval(times=(TimeRange(start_time="02:00", end_time="05:00"),), weekdays=("monday:saturday",), location="Europe/Berlin"),),
    services={
        "jellyfin": Service(
            manager="systemd",
            unit="jellyfin.service",
            health=_HEALTH,
            drain=("/usr/local/sbin/jellyfin-control", "drain"),
            subvolume="/srv/jellyfin",
            files=("/etc/jellyfin/system.xml",),
            memory_limit=Size(4 * 1024**3),
            sessions="sum(jellyfin_active_streams)",
            depends_on=("/srv",),
        ),
        "dns": Service(manager="podman", unit="pihole", group="dns"),
        "scanner": Service(
            manager="command",
            commands=ServiceCommands(show=("/usr/local/sbin/scanner-control", "show"), restart=("/usr/local/sbin/scanner-control", "restart")),
        ),
    },
    groups={"dns": Group(redundant=True, elsewhere=("pi/dns",), healthy='count(up{job="dns"} == 1)')},
    filesystems={"/srv": Filesystem(), "/srv/backup": Filesystem(), "downloads": Filesystem(path="/srv/downloads", size=Size(200 * 1024**3))},
    cleanup={"old-logs": CleanupRule(directory="/var/log", pattern="*.log.*", older_than=Duration(14 * DAY))},
    backups={
        "nightly": Backup(
            sources={"jellyfin": "/srv/jellyfin", "photos": "/srv/photos"},
            directory="/srv/backup/nas",
            filesystem="/srv/backup",
            timezone="Europe/Berlin",
            integrity=Integrity(command=("/usr/bin/btrfs", "scrub", "status", "/srv/backup")),
            restore_test=RestoreTest(stamp="/var/lib/backup/restored"),
        ),
        "laptop": Backup(sources={"home": "/home"}, directory="/srv/backup/laptop", tool="other", time_format="-%Y-%m-%d_%H%M", max_age=Duration(7 * DAY)),
    },
    limits=Limits(critical_passes=("quiet-time",)),
    questions={
        "viewers": Question(
            examples=("who is watching?", "how many streams are there on {host}"),
            words=(("watching", "watch", "stream", "viewer"),),
            also=("how many", "who", "there"),
            answers=(
                Answer(
                    title="Streams",
                    rows=("instance",),
                    columns={"streams": Column(promql="sum by (instance) (jellyfin_active_streams{$of_instance})")},
                    order="-streams",
                    says=("{streams} streams are watched at {instance}.",),
                    none="Nobody is watching.",
                    needs={"jellyfin_active_streams": "Jellyfin's own exporter"},
                ),
            ),
        ),
    },
    security=Security(
        intake_token_files=("/etc/homeostat/intake.token",),
        operator_token_files=("/etc/homeostat/operator.token",),
        metrics_token_files=("/etc/homeostat/metrics.token",),
    ),
)
