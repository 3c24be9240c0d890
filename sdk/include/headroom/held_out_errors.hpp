// Held-out errors in C++, offered by a predictor class (held_out_errors.h):
//
//   static const void* extension(std::string_view id) { return headroom::sdk::held_out_errors<YourClass>(id); }
//   void errors(const Host&, const ErrorsRequest&, ErrorsOutput&) const;  // on a fresh YourClass, as predict()
#pragma once

#include "headroom/held_out_errors.h"
#include "headroom/predictor.hpp"

namespace headroom::sdk {

// A request for errors in place of predictions: the queries' own deltas are known. Views; valid during the call.
class ErrorsRequest {
 public:
  explicit ErrorsRequest(const headroom_errors_request& request) : request_(request), predictor_(*request.request) {}

  const PredictorRequest& predictor() const { return predictor_; }
  std::int64_t query_row(std::int64_t i) const { return request_.query_rows[i]; }  // row of delta_rows()
  ConstRowMap query_delta(std::int64_t i) const {                                  // the genes of query row i
    const headroom_matrix& rows = predictor_.c().delta_rows;
    return ConstRowMap(rows.data + query_row(i) * rows.row_stride, rows.cols);
  }
  // Shared rows × shared rows: inner products of the rows of delta_rows() over genes.
  ConstMatrixMap gram() const { return map(request_.gram); }
  const headroom_errors_request& c() const { return request_; }

 private:
  const headroom_errors_request& request_;
  PredictorRequest predictor_;
};

// Where the errors go: settings × query rows, L2 norms over genes of prediction - delta.
class ErrorsOutput {
 public:
  explicit ErrorsOutput(headroom_errors_output& output) : output_(output) {}

  MatrixMap errors() { return map(output_.errors); }
  void set_infeasible(std::int64_t s) { output_.feasible[s] = 0; }

 private:
  headroom_errors_output& output_;
};

namespace detail {

inline void check(const headroom_errors_request& request) {
  require_1_0(request, &headroom_errors_request::gram, "headroom_errors_request");
  const std::int64_t n_rows = request.request->delta_rows.rows;
  require_that(request.gram.rows == n_rows && request.gram.cols == n_rows, "gram is not delta_rows × delta_rows");
  for (std::int64_t i = 0; i < request.request->n_query; ++i) {
    require_that(request.query_rows[i] >= 0 && request.query_rows[i] < n_rows, "a query row lies outside delta_rows");
  }
}

template <class Plugin>
headroom_status held_out_errors_of(const headroom_host* host, const headroom_errors_request* request,
                                   headroom_errors_output* output) noexcept {
  return guarded(host, [&] {
    check(*host);
    require_1_0(*output, &headroom_errors_output::feasible, "headroom_errors_output");
    check(*request->request, Registration<Plugin>::capability().c());
    check(*request);
    ErrorsOutput out(*output);
    const Plugin plugin{};
    plugin.errors(Host(*host), ErrorsRequest(*request), out);
  });
}

}  // namespace detail

// The extension, if `id` is its own; else nullptr.
template <class Plugin>
const void* held_out_errors(std::string_view id) {
  static const headroom_held_out_errors offered = {sizeof(headroom_held_out_errors),
                                                   &detail::held_out_errors_of<Plugin>};
  return id == HEADROOM_HELD_OUT_ERRORS ? &offered : nullptr;
}

}  // namespace headroom::sdk
