#include "observe/prometheus.h"

#include "core/buf.h"
#include "core/metric.h"
#include "http/http_server.h"
#include "observe/process.h"

#include <string.h>

static const char *const type_names[] = {
	[METRIC_COUNTER] = "counter",
	[METRIC_GAUGE] = "gauge",
	[METRIC_HISTOGRAM] = "histogram",
	[METRIC_LONG_HISTOGRAM] = "histogram",
};

struct writer {
	struct buf *out;
	int last; /* metric whose head was written last, or -1 */
};

static void write_head(struct buf *out, const struct metric_info *info)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", info->name, info->help, info->name,
		   type_names[info->type]);
}

static void write_escaped(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n') {
			buf_append_str(out, "\\n");
			continue;
		}
		if (text[i] == '\\' || text[i] == '"')
			buf_append_char(out, '\\');
		buf_append_char(out, text[i]);
	}
}

/* {name="value",...}, with le when it is not NULL; nothing when there are no labels at all. */
static void write_labels(struct buf *out, const char *names, const char *values, const char *le)
{
	const char *sep = "{";

	while (*names) {
		size_t name_len = strcspn(names, ","), value_len = strcspn(values, ",");

		buf_printf(out, "%s%.*s=\"", sep, (int)name_len, names);
		write_escaped(out, values, value_len);
		buf_append_char(out, '"');
		sep = ",";
		names += name_len + (names[name_len] == ',');
		values += value_len + (values[value_len] == ',');
	}
	if (le)
		buf_printf(out, "%sle=\"%s\"", sep, le), sep = ",";
	if (*sep == ',')
		buf_append_char(out, '}');
}

static void write_histogram(struct buf *out, const struct metric_info *info,
			    const struct metric_sample *sample)
{
	const double *bounds = metric_bucket_bounds(info->type);
	uint64_t total = 0;

	for (int i = 0; i <= METRIC_BUCKETS; i++) {
		auto_buf struct buf le = {0};

		total += sample->buckets[i];
		if (i < METRIC_BUCKETS)
			buf_printf(&le, "%g", bounds[i]);
		else
			buf_append_str(&le, "+Inf");
		buf_printf(out, "%s_bucket", info->name);
		write_labels(out, info->labels, sample->label_values, buf_str(&le));
		buf_printf(out, " %llu\n", (unsigned long long)total);
	}
	buf_printf(out, "%s_sum", info->name);
	write_labels(out, info->labels, sample->label_values, NULL);
	buf_printf(out, " %.9g\n%s_count", sample->value, info->name);
	write_labels(out, info->labels, sample->label_values, NULL);
	buf_printf(out, " %llu\n", (unsigned long long)sample->count);
}

static void write_sample(const struct metric_sample *sample, void *arg)
{
	struct writer *writer = arg;
	const struct metric_info *info = &metric_infos[sample->id];

	if (writer->last != (int)sample->id)
		write_head(writer->out, info);
	writer->last = (int)sample->id;
	if (metric_is_histogram(info->type)) {
		write_histogram(writer->out, info, sample);
		return;
	}
	buf_append_str(writer->out, info->name);
	write_labels(writer->out, info->labels, sample->label_values, NULL);
	buf_printf(writer->out, " %.15g\n", sample->value);
}

void prometheus_write(struct buf *out)
{
	process_sample();
	metric_each(write_sample, &(struct writer){out, -1});
}

static void on_metrics(struct http_request *req, void *arg)
{
	auto_buf struct buf out = {0};

	prometheus_write(&out);
	http_reply(req, 200, "text/plain; version=0.0.4; charset=utf-8", out.data, out.len);
}

void prometheus_route(struct http_server *server)
{
	http_server_route(server, "GET", "/metrics", on_metrics, NULL);
}
