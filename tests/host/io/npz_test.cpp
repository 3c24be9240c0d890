#include "io/npz.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "host/io/fixtures.hpp"
#include "host/io/temporary_folder.hpp"

namespace headroom {
namespace {

using ::testing::ElementsAre;
using testing::fixture;
using testing::fixture_value;
using ::testing::HasSubstr;
using testing::read_bytes;
using testing::TemporaryFolder;

void expect_fixture_rows(const NpyArray& array, Eigen::Index rows) {
  ASSERT_THAT(array.shape, ElementsAre(static_cast<std::size_t>(rows), 5u));
  const auto& values = std::get<std::vector<double>>(array.values);
  for (Eigen::Index i = 0; i < rows; ++i) {
    for (Eigen::Index j = 0; j < 5; ++j) EXPECT_EQ(values[static_cast<std::size_t>(5 * i + j)], fixture_value(i, j));
  }
}

NpyArray read_array(const std::string& file, const std::string& name) {
  const auto npz = NpzFile::open(fixture(file));
  if (!npz) throw std::runtime_error(npz.error().line());
  auto array = npz->read(name);
  if (!array) throw std::runtime_error(array.error().line());
  return std::move(*array);
}

// A .npy of version `major` with this header dict and data.
std::string npy(const std::string& dict, const std::string& data, char major = 1) {
  std::string bytes = "\x93NUMPY";
  bytes += major;
  bytes += '\0';
  bytes += static_cast<char>(dict.size() & 255);
  bytes += static_cast<char>(dict.size() >> 8);
  if (major > 1) bytes += std::string(2, '\0');
  return bytes + dict + data;
}

TEST(NpzFile, ReadsStoredDeflatedFortranAndBigEndian) {
  const auto npz = NpzFile::open(fixture("vectors.npz"));
  ASSERT_TRUE(npz) << npz.error().line();
  EXPECT_THAT(npz->names(), ElementsAre("ids", "vectors"));
  EXPECT_TRUE(npz->has("ids"));
  EXPECT_FALSE(npz->has("ids.npy"));
  EXPECT_THAT(std::get<std::vector<std::string>>(npz->read("ids")->values), ElementsAre("α", "b", "c"));
  expect_fixture_rows(*npz->read("vectors"), 3);
  EXPECT_THAT(npz->read("absent").error().line(), HasSubstr("array 'absent' is missing"));

  EXPECT_THAT(std::get<std::vector<std::string>>(read_array("vectors_fortran.npz", "index").values),
              ElementsAre("x", "yy", "z"));
  expect_fixture_rows(read_array("vectors_fortran.npz", "X"), 3);
  expect_fixture_rows(read_array("vectors_half.npz", "embeddings"), 3);
  EXPECT_THAT(std::get<std::vector<std::int64_t>>(read_array("vectors_half.npz", "pert_id").values),
              ElementsAre(10, 20, 30));
}

TEST(NpzFile, ReadsZip64) {
  expect_fixture_rows(read_array("vectors_zip64.npz", "vectors"), 3);
  EXPECT_THAT(std::get<std::vector<std::string>>(read_array("vectors_zip64.npz", "ids").values),
              ElementsAre("a", "b", "c"));
}

TEST(NpzFile, RefusesPickles) {
  const auto npz = NpzFile::open(fixture("vectors_pickled.npz"));
  ASSERT_TRUE(npz) << npz.error().line();
  const auto ids = npz->read("ids");
  ASSERT_FALSE(ids);
  EXPECT_THAT(ids.error().line(), HasSubstr("pickled"));
  EXPECT_THAT(ids.error().remedy, HasSubstr("dtype=str"));
}

TEST(ParseNpy, ReadsEveryVersionAndElementType) {
  EXPECT_THAT(
      std::get<std::vector<std::int64_t>>(
          parse_npy(npy("{'descr': '|i1', 'fortran_order': False, 'shape': (2,), }", "\xff\x02", 2), "t")->values),
      ElementsAre(-1, 2));
  EXPECT_THAT(
      std::get<std::vector<std::int64_t>>(
          parse_npy(npy("{\"descr\": \"<u2\", 'fortran_order': False, 'shape': (1,)}", "\xff\xff", 3), "t")->values),
      ElementsAre(65535));
  EXPECT_THAT(std::get<std::vector<bool>>(
                  parse_npy(npy("{'descr': '|b1', 'fortran_order': False, 'shape': (2,)}", std::string("\1\0", 2)), "t")
                      ->values),
              ElementsAre(true, false));
  const auto scalar =
      parse_npy(npy("{'descr': '>i2', 'fortran_order': False, 'shape': ()}", std::string("\1\0", 2)), "t");
  EXPECT_TRUE(scalar->shape.empty());
  EXPECT_THAT(std::get<std::vector<std::int64_t>>(scalar->values), ElementsAre(256));
  // Halves: one, smallest subnormal, minus infinity, NaN.
  const auto halves = parse_npy(npy("{'descr': '<f2', 'fortran_order': False, 'shape': (4,)}",
                                    std::string("\x00\x3c\x01\x00\x00\xfc\x01\x7e", 8)),
                                "t");
  const auto& values = std::get<std::vector<double>>(halves->values);
  EXPECT_EQ(values[0], 1.0);
  EXPECT_EQ(values[1], std::ldexp(1.0, -24));
  EXPECT_EQ(values[2], -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(values[3]));
}

// Column-major data of three dimensions against the definition.
TEST(ParseNpy, FortranOrderOfThreeDimensions) {
  std::string data;
  for (int c = 0; c < 4; ++c) {
    for (int b = 0; b < 3; ++b) {
      for (int a = 0; a < 2; ++a) data += static_cast<char>(a * 12 + b * 4 + c);
    }
  }
  const auto array = parse_npy(npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 4), }", data), "t");
  ASSERT_TRUE(array) << array.error().line();
  const auto& values = std::get<std::vector<std::int64_t>>(array->values);
  for (std::size_t i = 0; i < 24; ++i) EXPECT_EQ(values[i], static_cast<std::int64_t>(i));
}

TEST(ParseNpy, RefusesWhatItCannotRead) {
  const auto message = [](const std::string& bytes) {
    const auto array = parse_npy(bytes, "t");
    return array ? std::string("no error") : array.error().line();
  };
  EXPECT_THAT(message("hello"), HasSubstr("not a NumPy array"));
  EXPECT_THAT(message(npy("{}", "", 9)), HasSubstr("version is 9"));
  EXPECT_THAT(message(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "abcd")),
              HasSubstr("not a plain number or text"));
  EXPECT_THAT(message(npy("{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", "abcdefgh")), HasSubstr("'<c8'"));
  EXPECT_THAT(message(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", "abcd")), HasSubstr("shorter"));
  EXPECT_THAT(message(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 8)}", "abcd")),
              HasSubstr("shorter"));
  EXPECT_THAT(message(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1", "abcd")), HasSubstr("header"));
  EXPECT_THAT(message(npy("{'descr': '<u8', 'fortran_order': False, 'shape': (1,)}", std::string(8, '\xff'))),
              HasSubstr("2^63"));
  EXPECT_THAT(message(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "").substr(0, 20)),
              HasSubstr("truncated"));
}

TEST(NpzFile, DamageIsAnErrorWhereverItFalls) {
  const TemporaryFolder folder;
  std::size_t n_errors = 0;
  for (const char* name : {"vectors.npz", "vectors_fortran.npz", "vectors_zip64.npz"}) {
    const std::string whole = read_bytes(fixture(name));
    for (std::size_t size = 0; size < whole.size(); ++size) {
      ASSERT_FALSE(NpzFile::open(folder.write("cut.npz", whole.substr(0, size)))) << size;
    }
    std::mt19937 random(3);
    for (int trial = 0; trial < 1'000; ++trial) {
      std::string bytes = whole;
      bytes[random() % bytes.size()] ^= static_cast<char>(1u << random() % 8);
      const auto npz = NpzFile::open(folder.write("flipped.npz", bytes));
      if (!npz) {
        ++n_errors;
        continue;
      }
      for (const std::string& array : npz->names()) {
        if (!npz->read(array)) ++n_errors;
      }
    }
  }
  EXPECT_GT(n_errors, 1'000u);
}

}  // namespace
}  // namespace headroom
