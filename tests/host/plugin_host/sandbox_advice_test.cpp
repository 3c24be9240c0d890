#include "plugin_host/sandbox_advice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugin_host/worker_session.hpp"

namespace headroom {
namespace sandbox_advice_test {

using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;

void add(ConfinementReport& report, const std::string& name, const std::string& missing) {
  ConfinementLayer& layer = *report.add_layers();
  layer.set_name(name);
  layer.set_enforced(missing.empty());
  layer.set_missing(missing);
}

TEST(SandboxAdvice, NamesASwitchOfEachForWhatIsMissing) {
  ConfinementReport report;
  add(report, "landlock", "ENOSYS: landlock_create_ruleset: Function not implemented");
  add(report, "seccomp", "");
  add(report, "user_namespace", "EPERM: clone: Operation not permitted");
  const auto advice = sandbox_advice(report);
  ASSERT_EQ(advice.size(), 3u);
  EXPECT_EQ(advice[0].needed_for, ConfinementLevel::STRONG);
  EXPECT_EQ(advice[2].needed_for, ConfinementLevel::FULL);
  EXPECT_TRUE(advice[1].switches.empty()) << "it is enforced";
  for (const std::size_t i : {0, 2}) {
    for (const char* where : {"kernel", "Docker", "Podman", "Apptainer", "systemd"}) {
      EXPECT_THAT(advice[i].switches, Contains(Field(&SandboxSwitch::where, where))) << advice[i].layer.name();
    }
  }
  EXPECT_THAT(advice[2].switches, Contains(Field(&SandboxSwitch::change, HasSubstr("max_user_namespaces"))));
}

// A refusal is a container's, a lack the kernel's.
TEST(SandboxAdvice, GoesByTheReason) {
  ConfinementReport report;
  add(report, "landlock", "EPERM: landlock_create_ruleset: Operation not permitted");
  add(report, "user_namespace", "ENOSPC: clone: No space left on device");
  const auto advice = sandbox_advice(report);
  EXPECT_THAT(advice[0].switches, Not(Contains(Field(&SandboxSwitch::where, "kernel"))));
  ASSERT_EQ(advice[1].switches.size(), 1u);
  EXPECT_EQ(advice[1].switches[0].where, "kernel");
}

TEST(SandboxAdvice, KnowsWhatIsSwitchedOffAtBoot) {
  ConfinementReport report;
  add(report, "landlock", "EOPNOTSUPP: landlock_create_ruleset: Operation not supported");
  const auto advice = sandbox_advice(report);
  ASSERT_EQ(advice[0].switches.size(), 1u) << "no container has a say in it";
  EXPECT_THAT(advice[0].switches[0].change, HasSubstr("lsm="));
}

// Podman's own seccomp profile allows namespaces, Docker's does not; and neither needs its masks of /proc lifted, since
// a private root shows /proc as it is where no fresh one is granted.
TEST(SandboxAdvice, AsksOfEachNoMoreThanItTakes) {
  ConfinementReport report;
  add(report, "user_namespace", "EPERM: clone: Operation not permitted");
  add(report, "private_root", "EACCES: mount tmpfs: Permission denied");
  for (const LayerAdvice& one : sandbox_advice(report)) {
    for (const SandboxSwitch& each : one.switches) {
      EXPECT_THAT(each.change, Not(HasSubstr("systempaths"))) << one.layer.name();
      EXPECT_THAT(each.change, Not(HasSubstr("unmask"))) << one.layer.name();
    }
    EXPECT_THAT(one.switches, Contains(Field(&SandboxSwitch::change, HasSubstr("docker-default denies mount"))));
  }
}

// The kernel refuses namespaces under a chroot; AppArmor on Ubuntu 24.04 grants them and refuses what is done in them;
// the systemd of Debian 12 knows no group of calls with landlock_* and seccomp.
TEST(SandboxAdvice, NamesWhatIsEasilyMissed) {
  ConfinementReport report;
  add(report, "user_namespace", "EPERM: clone: Operation not permitted");
  add(report, "private_root", "EPERM: write /proc/self/uid_map: Operation not permitted");
  add(report, "landlock", "EPERM: landlock_create_ruleset: Operation not permitted");
  add(report, "seccomp", "EPERM: seccomp: Operation not permitted");
  const auto advice = sandbox_advice(report);
  const auto says = [&](std::size_t i, const char* where, const char* what) {
    EXPECT_THAT(advice[i].switches, Contains(::testing::AllOf(Field(&SandboxSwitch::where, where),
                                                              Field(&SandboxSwitch::change, HasSubstr(what)))));
  };
  says(0, "kernel", "chroot");
  says(1, "kernel", "kernel.apparmor_restrict_unprivileged_userns=0");
  says(1, "Docker", "seccomp=PROFILE that allows mount, pivot_root and umount2");
  says(2, "systemd", "landlock_create_ruleset, landlock_add_rule and landlock_restrict_self");
  says(3, "systemd", "@process and seccomp");
}

TEST(SandboxAdvice, SpeaksOfEveryLayerThatAWorkerReports) {
  WorkerSettings settings;
  settings.worker_program = HEADROOM_WORKER_PROGRAM;
  settings.mode = SandboxMode::RELAXED;
  settings.disabled_layers = {"landlock", "namespaces", "own_uid"};
  const auto report = probe_sandbox(settings);
  ASSERT_TRUE(report.has_value()) << report.error().line();
  for (const LayerAdvice& one : sandbox_advice(*report)) {
    EXPECT_EQ(one.layer.enforced(), one.switches.empty()) << one.layer.name();
    for (const SandboxSwitch& each : one.switches) {
      EXPECT_THAT(each.change, Not(HasSubstr("please report"))) << one.layer.name();
    }
  }
}

}  // namespace sandbox_advice_test
}  // namespace headroom
