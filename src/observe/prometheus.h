/*
 * observe/ is what leaves the process to be looked at: metrics (here), health (health.h). core/
 * only counts; this folder writes it out.
 *
 * Prometheus text exposition format 0.0.4 of every metric in core/metric_table.h.
 */
#pragma once

struct buf;
struct http_server;

/* Append the whole exposition. */
void prometheus_write(struct buf *out);

/* Serve it: GET /metrics. */
void prometheus_route(struct http_server *server);
