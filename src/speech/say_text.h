/*
 * Written English made ready for flite, which reads times, money and ordinals well but only knows
 * ASCII, takes telephone numbers for quantities and drops signs that are read aloud.
 */
#pragma once

struct buf;

/*
 * Appends text (UTF-8) in ASCII: accents and typographic signs become plain ones, telephone numbers
 * (a '+' or seven digits and more) single digits, ISO dates month and day, "&" "and", and mark-up
 * such as "**" goes.
 */
void say_text(struct buf *out, const char *text);
