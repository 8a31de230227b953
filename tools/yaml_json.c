/*
 * yaml_json FILE.yaml FILE.json: the document as JSON on one line. Scalars are taken as the core
 * schema of YAML 1.2 says: true, false, null and numbers, when they are plain; all else is text.
 * Names keep their order, so that the same file gives the same bytes.
 */
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

static json_t *number(const char *text)
{
	char *end;
	long long whole;
	double real;

	if (!strpbrk(text, "0123456789") || text[strspn(text, "0123456789+-.eE")])
		return NULL;
	errno = 0;
	whole = strtoll(text, &end, 10);
	if (!*end && !errno)
		return json_integer(whole);
	real = strtod(text, &end);
	return *end ? NULL : json_real(real);
}

static json_t *scalar(const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;
	json_t *value;

	if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return json_string(text);
	if (!*text || !strcmp(text, "null") || !strcmp(text, "~"))
		return json_null();
	if (!strcmp(text, "true") || !strcmp(text, "false"))
		return json_boolean(*text == 't');
	value = number(text);
	return value ? value : json_string(text);
}

/* A new reference; NULL after saying what is wrong. */
static json_t *convert(yaml_document_t *document, int index);

static json_t *sequence(yaml_document_t *document, const yaml_node_t *node)
{
	json_t *list = json_array();

	for (yaml_node_item_t *item = node->data.sequence.items.start;
	     item < node->data.sequence.items.top; item++) {
		if (!json_array_append_new(list, convert(document, *item)))
			continue;
		json_decref(list);
		return NULL;
	}
	return list;
}

static json_t *mapping(yaml_document_t *document, const yaml_node_t *node)
{
	json_t *object = json_object();

	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = yaml_document_get_node(document, pair->key);
		const char *name =
			key->type == YAML_SCALAR_NODE ? (const char *)key->data.scalar.value : NULL;

		if (name && !json_object_get(object, name) &&
		    !json_object_set_new(object, name, convert(document, pair->value)))
			continue;
		fprintf(stderr, "line %zu: %s\n", key->start_mark.line + 1,
			name ? "a name that is there already, or a value that is none"
			     : "a name must be text");
		json_decref(object);
		return NULL;
	}
	return object;
}

static json_t *convert(yaml_document_t *document, int index)
{
	const yaml_node_t *node = yaml_document_get_node(document, index);

	switch (node->type) {
	case YAML_SCALAR_NODE:
		return scalar(node);
	case YAML_SEQUENCE_NODE:
		return sequence(document, node);
	case YAML_MAPPING_NODE:
		return mapping(document, node);
	default:
		return NULL;
	}
}

static json_t *read_yaml(const char *path)
{
	FILE *file = fopen(path, "rb");
	yaml_parser_t parser;
	yaml_document_t document;
	json_t *json = NULL;

	if (!file || !yaml_parser_initialize(&parser)) {
		perror(path);
		return NULL;
	}
	yaml_parser_set_input_file(&parser, file);
	if (yaml_parser_load(&parser, &document)) {
		if (yaml_document_get_root_node(&document))
			json = convert(&document, 1);
		yaml_document_delete(&document);
	} else {
		fprintf(stderr, "%s:%zu: %s\n", path, parser.problem_mark.line + 1, parser.problem);
	}
	yaml_parser_delete(&parser);
	fclose(file);
	return json;
}

int main(int argc, char **argv)
{
	json_t *json = argc == 3 ? read_yaml(argv[1]) : NULL;
	int err = json ? json_dump_file(json, argv[2], JSON_COMPACT) : -1;

	json_decref(json);
	if (err)
		fprintf(stderr, "yaml_json: %s was not written\n",
			argc == 3 ? argv[2] : "FILE.json");
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
