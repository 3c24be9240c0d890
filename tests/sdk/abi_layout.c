#include "sdk/abi_layout.h"

#include "headroom/embedding.h"
#include "headroom/fit_facts.h"
#include "headroom/held_out_errors.h"
#include "headroom/needs.h"
#include "headroom/predictor.h"
#include "headroom/progress.h"

#define STRUCT(s) {#s, NULL, 0, sizeof(s)},
#define FIELD(s, f) {#s, #f, offsetof(s, f), sizeof(((s*)0)->f)},

static const abi_line lines[] = {
#include "sdk/abi_fields.inc"
    {NULL, NULL, 0, 0}};

const abi_line* abi_layout_in_c(void) { return lines; }
