// A drawing written as SVG text, for figures without a browser. Foreign text is made visible and escaped here and
// nowhere else.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headroom {

enum class Anchor { start, middle, end };

struct TextLook {
  double size = 12;
  std::string colour = "#1c2128";
  Anchor anchor = Anchor::start;
  bool bold = false;
};

class SvgDrawing {
 public:
  // Drawn units, a margin comes round them; `title` is what a screen reader says.
  SvgDrawing(double width, double height, std::string_view title);

  void rectangle(double x, double y, double width, double height, std::string_view fill, double corner = 0);
  void line(double x1, double y1, double x2, double y2, std::string_view stroke, double width = 1, bool dashed = false);
  void polygon(const std::vector<std::pair<double, double>>& points, std::string_view fill, double opacity = 1);
  void circle(double x, double y, double radius, std::string_view fill, double opacity = 1);
  // At most `width` drawn units (estimated from the size of the letters), cut in its middle.
  void text(double x, double y, std::string_view foreign, const TextLook& look, double width = 1e9);

  std::string svg() const;

 private:
  double width_, height_;
  std::string title_;
  std::string body_;
};

}  // namespace headroom
