/*
 * The subcommands of voiceai, a file each: read the settings, build the parts, run the loop. They
 * share no memory with each other; `up` runs the servers as child processes.
 *
 * A subcommand gets its own argv (argv[0] is its name), answers --help itself, and returns the exit
 * code: 0 done, 1 failed, 2 wrong usage or settings.
 */
#pragma once

struct settings;

enum { CMD_OK = 0, CMD_FAILED = 1, CMD_USAGE = 2 };

/* How long the end of a server may wait for the collector of traces, and for who takes its errors.
 */
enum { CMD_LAST_SPANS_MS = 1000, CMD_LAST_ERRORS_MS = 1000 };

/* Run the subcommand argv[1]. */
int cmd_main(int argc, char **argv);

int cmd_up(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_carrier(int argc, char **argv);
int cmd_engine(int argc, char **argv);
int cmd_callee(int argc, char **argv);
int cmd_call(int argc, char **argv);
int cmd_config(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_health(int argc, char **argv);
int cmd_migrate(int argc, char **argv);
int cmd_backup(int argc, char **argv);
int cmd_restore(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_keys(int argc, char **argv);
int cmd_invite(int argc, char **argv);
int cmd_version(int argc, char **argv);

/*
 * Load the settings (./.env and the environment) and set the log level. On failure prints the one
 * line that says which setting and why, and returns NULL. Owned by the caller.
 */
struct settings *cmd_settings(void);

/* True when argv asks for help (-h, --help): usage was printed to stdout. */
int cmd_help(int argc, char **argv, const char *usage);

/* Prints "voiceai NAME: message" and where help is; returns CMD_USAGE. */
int cmd_misuse(const char *name, const char *message);
