// The words for what a worker has reached. That the layers work is shown by tests/hostile.
#include "sandbox/sandbox.hpp"

#include <gtest/gtest.h>

#include "sandbox/probe.hpp"

namespace headroom {
namespace {

ConfinementReport report_with(const std::vector<std::string>& enforced, const std::vector<std::string>& missing = {}) {
  ConfinementReport report;
  for (const std::string& name : enforced) add_layer(report, name, {});
  for (const std::string& name : missing) add_missing_layer(report, name, "ENOSYS: not here");
  return report;
}

const std::vector<std::string> kDegraded = {"no_new_privs", "undumpable", "no_capabilities", "rlimits", "seccomp"};

std::vector<std::string> with(std::vector<std::string> layers, const std::vector<std::string>& more) {
  layers.insert(layers.end(), more.begin(), more.end());
  return layers;
}

const std::vector<std::string> kNamespaces = {"user_namespace",    "mount_namespace", "pid_namespace",
                                              "network_namespace", "ipc_namespace",   "uts_namespace"};

TEST(ConfinementLevels, FollowFromTheLayers) {
  EXPECT_EQ(level_of({}), ConfinementLevel::NONE);
  EXPECT_EQ(level_of(report_with(kDegraded)), ConfinementLevel::DEGRADED);
  EXPECT_EQ(level_of(report_with(with(kDegraded, {"landlock"}))), ConfinementLevel::STRONG);
  EXPECT_EQ(level_of(report_with(with(with(kDegraded, {"landlock"}), kNamespaces))), ConfinementLevel::FULL);
  // Namespaces do not make up for Landlock.
  EXPECT_EQ(level_of(report_with(with(kDegraded, kNamespaces))), ConfinementLevel::DEGRADED);
}

TEST(ConfinementLevels, NeedEveryOneOfTheirLayers) {
  const std::vector<std::string> all = with(with(kDegraded, {"landlock"}), kNamespaces);
  for (const std::string& left_out : all) {
    std::vector<std::string> rest;
    for (const std::string& layer : all) {
      if (layer != left_out) rest.push_back(layer);
    }
    EXPECT_LT(level_of(report_with(rest, {left_out})), ConfinementLevel::FULL) << left_out;
    EXPECT_EQ(missing_for(ConfinementLevel::FULL, report_with(rest, {left_out})), left_out + " (ENOSYS: not here)");
    EXPECT_EQ(missing_for(ConfinementLevel::FULL, report_with(rest)), left_out);  // not reported at all is missing too
  }
}

TEST(ConfinementLevels, NeedPrivateFilesWhereAForeignPluginIsToHaveThem) {
  const std::vector<std::string> all = with(with(kDegraded, {"landlock"}), kNamespaces);
  EXPECT_EQ(level_of(report_with(with(all, {"private_files"}))), ConfinementLevel::FULL);
  EXPECT_EQ(level_of(report_with(all, {"private_files"})), ConfinementLevel::STRONG);
}

TEST(ConfinementLayers, SayWhyTheyAreMissing) {
  ConfinementReport report;
  add_layer(report, "landlock", system_failure("landlock_create_ruleset", ENOSYS));
  EXPECT_FALSE(report.layers(0).enforced());
  EXPECT_EQ(report.layers(0).missing(), "ENOSYS: landlock_create_ruleset: Function not implemented");
}

TEST(Namespaces, AreMissingWhereNothingChanged) {
  ConfinementReport report;
  const NamespaceIds here = note_namespaces();
  probe_namespaces(report, here, here);
  ASSERT_EQ(report.layers_size(), 6);
  for (const ConfinementLayer& layer : report.layers()) EXPECT_FALSE(layer.enforced()) << layer.name();
  // Another mount namespace over the same tree hides nothing.
  NamespaceIds inside = here;
  for (auto& [name, id] : inside.ids) ++id;
  ConfinementReport changed;
  probe_namespaces(changed, here, inside);
  for (const ConfinementLayer& layer : changed.layers()) {
    EXPECT_EQ(layer.enforced(), layer.name() != "mount_namespace") << layer.name();
  }
}

}  // namespace
}  // namespace headroom
