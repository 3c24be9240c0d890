// The head `logistic` on a problem that published_logistic.py wrote: training and query features as float64, class
// numbers as uint8, all row by row.
//
//   logistic_fit FOLDER ROWS QUERIES FEATURES GENES THREADS C...
//
// Writes the classes of the queries (settings × queries × genes, uint8) to FOLDER/classes.u8 and prints the seconds
// that the fit of all C took, predictions included.
#include <fmt/core.h>

#include <chrono>
#include <fstream>
#include <string>

#include "benchmarks/head_call.hpp"
#include "heads/logistic.hpp"

namespace headroom {
namespace {

template <class Number>
std::vector<Number> read_all(const std::string& path, Eigen::Index n) {
  std::vector<Number> numbers(static_cast<std::size_t>(n));
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(numbers.data()), static_cast<std::streamsize>(numbers.size() * sizeof(Number)));
  if (!file) throw std::runtime_error(path + " is too short or not there");
  return numbers;
}

Matrix read_matrix(const std::string& path, Eigen::Index rows, Eigen::Index cols) {
  const std::vector<double> numbers = read_all<double>(path, rows * cols);
  return Eigen::Map<const Matrix>(numbers.data(), rows, cols);
}

int fit(const std::vector<std::string>& arguments) {
  const std::string& folder = arguments.at(0);
  const Eigen::Index rows = std::stol(arguments.at(1)), queries = std::stol(arguments.at(2)),
                     features = std::stol(arguments.at(3)), genes = std::stol(arguments.at(4));
  const int n_threads = std::stoi(arguments.at(5));
  std::vector<double> settings;
  for (std::size_t i = 6; i < arguments.size(); ++i) settings.push_back(std::stod(arguments[i]));

  const std::vector<std::uint8_t> classes = read_all<std::uint8_t>(folder + "/classes_training.u8", rows * genes);
  Matrix labels(rows, genes);
  for (Eigen::Index i = 0; i < labels.size(); ++i) labels.data()[i] = classes[static_cast<std::size_t>(i)];
  HeadCall call(read_matrix(folder + "/training.f64", rows, features),
                read_matrix(folder + "/query.f64", queries, features), labels, settings, 3);
  const auto start = std::chrono::steady_clock::now();
  call.run(heads::predict_logistic, n_threads);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  std::ofstream out(folder + "/classes.u8", std::ios::binary);
  for (std::size_t s = 0; s < settings.size(); ++s) {
    const Matrix* planes = call.predictions().data() + 3 * s;
    for (Eigen::Index i = 0; i < planes[0].size(); ++i) {
      const double down = planes[0].data()[i], none = planes[1].data()[i], up = planes[2].data()[i];
      out.put(static_cast<char>(down >= none && down >= up ? 0 : none >= up ? 1 : 2));
    }
  }
  fmt::print("{:.4f}\n", seconds);
  return out ? 0 : 1;
}

}  // namespace
}  // namespace headroom

int main(int argc, char** argv) {
  try {
    return headroom::fit({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
