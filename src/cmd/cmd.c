#include "cmd/cmd.h"

#include <stdio.h>

int cmd_main(int argc, char **argv)
{
	fprintf(stderr, "voiceai: nothing to run yet\n");
	return 2;
}
