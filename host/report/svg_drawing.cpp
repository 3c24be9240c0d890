#include "report/svg_drawing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "terminal/display_text.hpp"
#include "terminal/markup_text.hpp"

namespace headroom {
namespace {

// Two decimals without trailing zeros: a tenth of a pixel is not seen.
std::string number(double value) {
  std::string text = fmt::format("{:.2f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

}  // namespace

SvgDrawing::SvgDrawing(double width, double height, std::string_view title)
    : width_(width), height_(height), title_(markup_text(title)) {}

void SvgDrawing::rectangle(double x, double y, double width, double height, std::string_view fill, double corner) {
  body_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"", number(x), number(y),
                       number(std::max(0.0, width)), number(height), markup_text(fill));
  if (corner > 0) body_ += fmt::format(" rx=\"{}\"", number(corner));
  body_ += "/>\n";
}

void SvgDrawing::line(double x1, double y1, double x2, double y2, std::string_view stroke, double width, bool dashed) {
  body_ += fmt::format("<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"{}\" stroke-width=\"{}\"{}/>\n",
                       number(x1), number(y1), number(x2), number(y2), markup_text(stroke), number(width),
                       dashed ? " stroke-dasharray=\"5 4\"" : "");
}

void SvgDrawing::polygon(const std::vector<std::pair<double, double>>& points, std::string_view fill, double opacity) {
  body_ += "<polygon points=\"";
  for (const auto& [x, y] : points) body_ += number(x) + "," + number(y) + " ";
  body_.back() = '"';
  body_ += fmt::format(" fill=\"{}\" fill-opacity=\"{}\"/>\n", markup_text(fill), number(opacity));
}

void SvgDrawing::circle(double x, double y, double radius, std::string_view fill, double opacity) {
  body_ += fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{}\" fill-opacity=\"{}\"/>\n", number(x), number(y),
                       number(radius), markup_text(fill), number(opacity));
}

void SvgDrawing::text(double x, double y, std::string_view foreign, const TextLook& look, double width) {
  constexpr double letter_width = 0.56;  // of the size, on average, in the sans-serif faces that are named below
  const double n_letters = std::min(1e6, std::floor(width / (look.size * letter_width)));
  const std::string shown = shortened(display_text(foreign), static_cast<int>(std::max(1.0, n_letters)));
  const char* anchor = look.anchor == Anchor::start ? "start" : look.anchor == Anchor::middle ? "middle" : "end";
  body_ += fmt::format("<text x=\"{}\" y=\"{}\" font-size=\"{}\" fill=\"{}\" text-anchor=\"{}\"{}>{}</text>\n",
                       number(x), number(y), number(look.size), markup_text(look.colour), anchor,
                       look.bold ? " font-weight=\"600\"" : "", markup_text(shown));
}

std::string SvgDrawing::svg() const {
  constexpr double margin = 14;
  const std::string width = number(width_ + 2 * margin), height = number(height_ + 2 * margin),
                    corner = number(-margin);
  return fmt::format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"{2} {2} {0} {1}\" "
             "role=\"img\" "
             "font-family=\"'Liberation Sans', 'DejaVu Sans', Arial, Helvetica, sans-serif\">\n"
             "<title>{3}</title>\n<rect x=\"{2}\" y=\"{2}\" width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n",
             width, height, corner, title_) +
         body_ + "</svg>\n";
}

}  // namespace headroom
