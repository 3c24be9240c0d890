// Text from others in HTML and SVG.
#pragma once

#include <string>
#include <string_view>

namespace headroom {

// What display_text() makes of it, with & < > " ' written as entities: fit for text and for attributes in quotes.
std::string markup_text(std::string_view foreign);

}  // namespace headroom
