#include "cmd/cmd.h"

#include <stdio.h>

int cmd_version(int argc, char **argv)
{
	if (cmd_help(argc, argv, "usage: voiceai version\n\nPrint the version.\n"))
		return CMD_OK;
	printf("voiceai %s\n", VOICEAI_VERSION);
	return CMD_OK;
}
