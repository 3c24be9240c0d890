// Text as a shell takes it for one word: in commands that people are told, and in scripts.
#pragma once

#include <string>

namespace headroom {

// As it is where nothing in it means anything to a shell, else in single quotes.
std::string shell_word(const std::string& text);

}  // namespace headroom
