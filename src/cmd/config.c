#include "cmd/cmd.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
	"usage: voiceai config [--explain | --env | --check] [NAME...]\n"
	"\n"
	"Print the settings in force as NAME=value; secrets show as ********.\n"
	"\n"
	"  --explain  what each setting means, its type, range, unit and default\n"
	"  --env      the same as comments of a .env file (this is how .env.example is made)\n"
	"  --check    print nothing; exit 0 when every setting is valid, 2 when not\n"
	"  NAME...    only these settings\n";

static bool is_named(int argc, char **argv, const char *name)
{
	bool any = false;

	for (int i = 1; i < argc; i++) {
		if (argv[i][0] == '-')
			continue;
		any = true;
		if (str_equal(argv[i], name))
			return true;
	}
	return !any;
}

static void print_range(const struct setting_info *info)
{
	if (str_equal(info->type, "INT"))
		printf("whole number %lld..%lld%s%s", (long long)info->min, (long long)info->max,
		       *info->unit ? " " : "", info->unit);
	else if (str_equal(info->type, "DECIMAL"))
		printf("number %lld..%lld%s%s", (long long)info->min, (long long)info->max,
		       *info->unit ? " " : "", info->unit);
	else if (str_equal(info->type, "ENUM"))
		printf("%s", info->unit);
	else if (str_equal(info->type, "BOOL"))
		printf("true|false");
	else if (str_equal(info->type, "URL"))
		printf("URL");
	else
		printf("text, %lld..%lld characters", (long long)info->min, (long long)info->max);
	printf(", default %s%s", *info->default_value ? info->default_value : "empty",
	       info->secret ? ", secret" : "");
}

static void explain(const struct setting_info *info)
{
	printf("%s\n    %s\n    ", info->name, info->sentence);
	print_range(info);
	printf("\n");
}

static void print_env(const struct setting_info *info)
{
	printf("# %s\n# ", info->sentence);
	print_range(info);
	printf("\n#%s=%s\n\n", info->name, info->default_value);
}

static void print_value(const struct settings *settings, size_t index)
{
	auto_buf struct buf text = {0};

	setting_value(settings, index, &text);
	printf("%s=%s\n", setting_info(index)->name, buf_str(&text));
}

static int check_names(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		bool known = str_equal(argv[i], "--explain") || str_equal(argv[i], "--env") ||
			     str_equal(argv[i], "--check");

		for (size_t k = 0; !known && k < setting_count(); k++)
			known = str_equal(argv[i], setting_info(k)->name);
		if (!known) {
			auto_free char *message = mem_printf("there is no setting \"%s\"", argv[i]);

			return cmd_misuse("config", message);
		}
	}
	return CMD_OK;
}

int cmd_config(int argc, char **argv)
{
	auto_unref struct settings *settings = NULL;
	const char *mode = argc > 1 && argv[1][0] == '-' ? argv[1] : "";

	if (cmd_help(argc, argv, usage))
		return CMD_OK;
	if (check_names(argc, argv))
		return CMD_USAGE;
	if (str_equal(mode, "--env"))
		printf("# Settings of voiceai. Copy to .env and change what you need; the "
		       "environment wins.\n\n");
	else if (!str_equal(mode, "--explain") && !(settings = cmd_settings()))
		return CMD_USAGE;

	for (size_t i = 0; i < setting_count() && !str_equal(mode, "--check"); i++) {
		const struct setting_info *info = setting_info(i);

		if (!is_named(argc, argv, info->name))
			continue;
		if (str_equal(mode, "--explain"))
			explain(info);
		else if (str_equal(mode, "--env"))
			print_env(info);
		else
			print_value(settings, i);
	}
	return CMD_OK;
}
