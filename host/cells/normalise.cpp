#include "cells/normalise.hpp"

#include <cmath>

namespace headroom {

double CountNormaliser::logarithm(double count) const { return std::log1p(count * scale_); }

}  // namespace headroom
