// Which labels name the control of a screen (contract, labels.like_control), in the spellings of the field.
#pragma once

#include <string>
#include <string_view>

namespace headroom {

// control, ctrl, non-targeting, NT, NTC, neg…, DMSO, vehicle, untreated, unperturbed, mock, scramble(d), siNC,
// safe-targeting, NegCtrl*, in any case and spelling, with or without a trailing number, alone or as the only kind of
// part (NegCtrl0_NegCtrl0, ctrl+ctrl). A gene whose symbol begins so (NT5E, NEGR1, CTRC) is none.
bool names_control(std::string_view label);

// The same of one part of a combination that is joined by underscores, where 'neg' and 'nt' may be anything.
bool names_control_surely(std::string_view part);

}  // namespace headroom
