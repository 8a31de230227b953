/* The way in to an installation where somebody has to sign in, and nobody can yet. */
#pragma once

struct platform;

/*
 * When there is no user: make an invitation of an owner of the first tenant and print its link on
 * stderr, whatever logs go to. Pods that start together print one each; the first that is used
 * makes the others worthless.
 */
void first_owner_start(struct platform *platform);
