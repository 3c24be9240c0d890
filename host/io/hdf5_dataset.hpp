// Reading HDF5 scalars and one-dimensional datasets into standard types. Nothing in the file is
// believed: sizes are checked against what the file can hold before memory is taken, and links or storage that lead
// out of the file are refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/hdf5_handle.hpp"
#include "outcome/outcome.hpp"

namespace headroom::hdf5 {

enum class ObjectKind { absent, group, dataset, other };

// What `name` ("obs/pert_id") is, following no link out of the file.
ObjectKind object_kind(const File& file, const std::string& name);

// Opens a group or dataset. Errors: absent, a link out of the file, unreadable.
Result<Id> open_object(const File& file, const std::string& name);

struct Dataset {
  Id id;
  std::string name;  // for errors
  std::string path;  // the file, for errors
  std::uint64_t file_bytes = 0;
  std::vector<hsize_t> dims;
  std::vector<hsize_t> chunk_dims;    // empty: not chunked
  std::vector<H5Z_filter_t> filters;  // of chunks, in the order in which they were applied
  bool filters_skip_edges = false;    // chunks that end beyond the dataset are not filtered
  bool is_written = false;            // any part of it
  bool has_fill_value = false;        // what was never written is not zero
  H5T_class_t type_class = H5T_NO_CLASS;
  std::size_t type_bytes = 0;
  std::size_t stored_bytes = 0;   // of an element in the file: type_bytes, or a reference to text of variable length
  bool is_variable_text = false;  // text of variable length
  bool type_is_signed = true;
  bool is_boolean = false;  // an enumeration of FALSE and TRUE, as h5py stores booleans

  // The chunk that was read last. Reads that follow one another often begin in the chunk where the last ended; like the
  // library's own handle, it allows one thread at a time.
  struct Chunk {
    std::vector<hsize_t> offset;       // empty: there is none
    std::optional<std::string> bytes;  // nullopt: never written
  };
  mutable Chunk last_chunk;

  std::size_t n_elements() const;
  bool is_integer() const { return type_class == H5T_INTEGER; }
  bool is_number() const { return type_class == H5T_INTEGER || type_class == H5T_FLOAT; }
};

// Errors: absent, not a dataset, stored outside the file, more elements than the stored bytes hold or can expand to.
Result<Dataset> open_dataset(const File& file, const std::string& name);
// The same for a dataset that is already open (a dereferenced one); `name` is for errors.
Result<Dataset> describe_dataset(const File& file, Id id, const std::string& name);

// One-dimensional datasets, whole. Errors: another rank, another class of type, unreadable.
Result<std::vector<std::string>> read_strings(const Dataset& dataset);
Result<std::vector<std::int64_t>> read_integers(const Dataset& dataset);  // integers, booleans as 0 and 1
Result<std::vector<double>> read_doubles(const Dataset& dataset);         // integers and floats
Result<std::vector<bool>> read_booleans(const Dataset& dataset);          // booleans, or integers (not 0: true)

// A string that is the whole value of a scalar dataset.
Result<std::string> read_scalar_string(const Dataset& dataset);

// The error of elements that were never written where they do not count as zeros: HDF5 1.10 believes the size that the
// file gives for a fill value, and reads beyond it.
tl::unexpected<Error> never_written(const Dataset& dataset);

// The error of a read that failed inside the library, with the library's reason.
tl::unexpected<Error> read_error(const std::string& name, const std::string& path);

}  // namespace headroom::hdf5
