#include "store/fusion_text.hpp"

#include <nlohmann/json.hpp>

namespace headroom {

using Json = nlohmann::json;

std::string fusion_text(const FusionOfFold& fusion) {
  Json blocks = Json::array(), weights = Json::array();
  for (const BlockCoverage& block : fusion.blocks) blocks.push_back({block.name, block.n_covered, block.effective_dim});
  for (const BlockWeight& block : fusion.weights) weights.push_back({block.name, block.kernel, block.weight});
  Json json = {{"blocks", std::move(blocks)}, {"weights", std::move(weights)}};
  if (fusion.loo_l2) json["loo_L2"] = *fusion.loo_l2;
  if (fusion.out_of_fold_l2) json["out_of_fold_L2"] = *fusion.out_of_fold_l2;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

FusionOfFold fusion_of(const std::string& text) {
  const Json json = Json::parse(text);
  FusionOfFold fusion;
  for (const Json& block : json.at("blocks")) {
    fusion.blocks.push_back({block.at(0).get<std::string>(), block.at(1).get<int>(), block.at(2).get<int>()});
  }
  for (const Json& block : json.at("weights")) {
    fusion.weights.push_back(
        {block.at(0).get<std::string>(), block.at(1).get<std::string>(), block.at(2).get<double>()});
  }
  if (json.contains("loo_L2")) fusion.loo_l2 = json.at("loo_L2").get<double>();
  if (json.contains("out_of_fold_L2")) fusion.out_of_fold_l2 = json.at("out_of_fold_L2").get<double>();
  return fusion;
}

}  // namespace headroom
