// The report's page and the libraries in it, as they were when Headroom was built.
#pragma once

#include <string_view>

namespace headroom {

struct EmbeddedPage {
  std::string_view page;    // page.html with @@names@@ where the rest goes
  std::string_view style;   // page.css
  std::string_view script;  // our scripts, in the order in which they build on each other
  std::string_view d3;      // d3.min.js of Debian's node-d3
  std::string_view d3_licence;
};

EmbeddedPage embedded_page();

}  // namespace headroom
