/*
 * Metrics in the format of OpenMetrics 1.0.
 */
#ifndef ERPGO_ENGINE_LISTENER_OPENMETRICS_H
#define ERPGO_ENGINE_LISTENER_OPENMETRICS_H

/*
 * The same metrics as a text in Prometheus' format 0.0.4 has; allocated.
 * Counters must have names that end with "_total".
 */
extern char *openmetrics_from_text(const char *metrics);

#endif
