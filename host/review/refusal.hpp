// What is said of a doubt that stops the command, or the submission that it is about.
#pragma once

#include "outcome/outcome.hpp"
#include "review/doubt.hpp"

namespace headroom {

// The doubt's own error, with every way to answer it.
Error refusal_of(const Doubt& doubt);

}  // namespace headroom
