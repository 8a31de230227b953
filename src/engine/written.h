/*
 * Recognised words as people write them: "i'd come at three p. m." is "I'd come at three PM".
 * English; it changes how words are written, never which words they are.
 */
#pragma once

#include "core/buf.h"

void written_add(struct buf *buf, const char *words);
