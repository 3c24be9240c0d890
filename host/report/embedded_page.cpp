#include "report/embedded_page.hpp"

// The assembler reads the files in: no generated source, no time to compile half a megabyte of literals.
#define HEADROOM_EMBED(name, path)                                                                       \
  __asm__(".pushsection .rodata\n.hidden " #name "_begin\n.hidden " #name                                \
          "_end\n"                                                                                       \
          ".globl " #name "_begin\n.globl " #name "_end\n" #name "_begin:\n.incbin \"" path "\"\n" #name \
          "_end:\n.byte 0\n.popsection\n");                                                              \
  extern "C" const char name##_begin[], name##_end[];

HEADROOM_EMBED(headroom_page_html, HEADROOM_PAGE_DIR "/page.html")
HEADROOM_EMBED(headroom_page_css, HEADROOM_PAGE_DIR "/page.css")
HEADROOM_EMBED(headroom_page_js, HEADROOM_PAGE_SCRIPT)
HEADROOM_EMBED(headroom_page_d3, HEADROOM_D3)
HEADROOM_EMBED(headroom_page_d3_licence, HEADROOM_PAGE_DIR "/d3_licence.txt")

namespace headroom {
namespace {

std::string_view between(const char* begin, const char* end) { return {begin, static_cast<std::size_t>(end - begin)}; }

}  // namespace

EmbeddedPage embedded_page() {
  return {between(headroom_page_html_begin, headroom_page_html_end),
          between(headroom_page_css_begin, headroom_page_css_end),
          between(headroom_page_js_begin, headroom_page_js_end), between(headroom_page_d3_begin, headroom_page_d3_end),
          between(headroom_page_d3_licence_begin, headroom_page_d3_licence_end)};
}

}  // namespace headroom
