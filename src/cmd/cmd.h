/* The subcommands of voiceai. */
#pragma once

/* Run the subcommand argv[1]; returns the exit code. */
int cmd_main(int argc, char **argv);
