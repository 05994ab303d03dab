"""What Prometheus and Alertmanager must know of Homeostat, and how it joins what a person has written there."""
