#include "review/id_kind.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "review/label_spelling.hpp"

namespace headroom {
namespace {

constexpr std::size_t kEnsemblDigits = 11;

bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
bool is_small(char c) { return c >= 'a' && c <= 'z'; }
bool are_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c); });
}

std::string in_capitals(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (is_small(c)) c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

// ENS, letters of the species, one letter for what it is, eleven digits; in that order, and perhaps a version.
IdKind ensembl_kind(std::string_view id) {
  if (!id.starts_with("ENS")) return IdKind::unknown;
  const std::size_t digits = std::min(id.find_first_of("0123456789"), id.size());
  if (digits < 4 || digits > 8 ||
      !std::all_of(id.begin(), id.begin() + static_cast<std::ptrdiff_t>(digits), is_capital))
    return IdKind::unknown;
  const std::size_t dot = std::min(id.find('.'), id.size());
  if (dot - digits != kEnsemblDigits || !are_digits(id.substr(digits, kEnsemblDigits))) return IdKind::unknown;
  const bool is_versioned = dot < id.size();
  if (is_versioned && !are_digits(id.substr(dot + 1))) return IdKind::unknown;
  switch (id[digits - 1]) {
    case 'G':
      return is_versioned ? IdKind::versioned_ensembl_gene : IdKind::ensembl_gene;
    case 'T':
    case 'P':
      return IdKind::ensembl_product;
    default:
      return IdKind::unknown;
  }
}

bool is_cid(std::string_view id) {
  if (!in_capitals(id).starts_with("CID")) return false;
  std::string_view number = id.substr(3);
  while (!number.empty() && (number.front() == ':' || number.front() == '_' || number.front() == ' '))
    number.remove_prefix(1);
  return are_digits(number);
}

// A letter, a digit, four more of both, the last a digit: P04637, Q9Y6K9; the newer ones are ten long.
bool is_uniprot(std::string_view id) {
  if ((id.size() != 6 && id.size() != 10) || !is_capital(id[0]) || !is_digit(id[1]) || !is_digit(id.back()))
    return false;
  const auto letters = std::count_if(id.begin() + 2, id.end() - 1, is_capital);
  const bool fits = std::all_of(id.begin(), id.end(), [](char c) { return is_capital(c) || is_digit(c); });
  return fits && (letters > 0 || id[0] == 'P' || id[0] == 'Q' || id[0] == 'O');
}

// Atoms, bonds, brackets and ring numbers, and at least one sign of a structure that no gene's symbol has.
bool is_smiles(std::string_view id) {
  constexpr std::string_view kAlphabet = "BCNOPSFIHKLMabceilnoprstuzAGRVWZTD0123456789()[]=#@+-\\/.%:$~*";
  if (id.size() < 3 || id.find_first_not_of(kAlphabet) != std::string_view::npos) return false;
  const bool has_atom = id.find_first_of("CcNnOo") != std::string_view::npos;
  return has_atom && id.find_first_of("()[]=#@\\/") != std::string_view::npos;
}

bool is_symbol(std::string_view id) {
  constexpr std::size_t kLongest = 20;
  if (id.empty() || id.size() > kLongest || !(is_capital(id[0]) || is_small(id[0]))) return false;
  const bool fits = std::all_of(id.begin(), id.end(), [](char c) {
    return is_capital(c) || is_small(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
  });
  // A word in small letters is a drug's name as likely as anything.
  return fits && std::any_of(id.begin(), id.end(), [](char c) { return is_capital(c) || is_digit(c); });
}

struct KindText {
  IdKind kind;
  std::string_view name;
};
constexpr std::array kNames = {
    KindText{IdKind::unknown, "ids of no kind that is known here"},
    KindText{IdKind::ensembl_gene, "Ensembl gene ids"},
    KindText{IdKind::versioned_ensembl_gene, "Ensembl gene ids with versions"},
    KindText{IdKind::ensembl_product, "Ensembl ids of transcripts or proteins"},
    KindText{IdKind::symbol, "gene symbols"},
    KindText{IdKind::entrez, "plain numbers (Entrez ids, or numbers of rows)"},
    KindText{IdKind::cid, "PubChem CIDs"},
    KindText{IdKind::chembl, "ChEMBL ids"},
    KindText{IdKind::uniprot, "UniProt accessions"},
    KindText{IdKind::smiles, "SMILES"},
};

bool is_of_genes(IdKind kind) {
  constexpr std::array kinds = {IdKind::ensembl_gene,    IdKind::versioned_ensembl_gene,
                                IdKind::ensembl_product, IdKind::symbol,
                                IdKind::uniprot,         IdKind::entrez};
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

}  // namespace

IdKind id_kind(std::string_view id) {
  if (const IdKind ensembl = ensembl_kind(id); ensembl != IdKind::unknown) return ensembl;
  if (are_digits(id)) return IdKind::entrez;
  if (is_cid(id)) return IdKind::cid;
  if (in_capitals(id).starts_with("CHEMBL") && are_digits(id.substr(6))) return IdKind::chembl;
  if (is_uniprot(id)) return IdKind::uniprot;
  if (is_smiles(id)) return IdKind::smiles;
  return is_symbol(id) ? IdKind::symbol : IdKind::unknown;
}

IdKind id_kind_of(const std::vector<std::string>& ids) {
  std::array<std::size_t, kNames.size()> n{};
  for (const std::string& id : ids) ++n[static_cast<std::size_t>(id_kind(id))];
  const auto most = std::max_element(n.begin(), n.end());
  return *most * 2 > ids.size() ? static_cast<IdKind>(most - n.begin()) : IdKind::unknown;
}

std::string_view id_kind_name(IdKind kind) { return kNames[static_cast<std::size_t>(kind)].name; }

std::string ids_in_words(const std::vector<std::string>& ids) {
  constexpr std::size_t kShown = 3;
  std::string examples;
  for (std::size_t i = 0; i < std::min(ids.size(), kShown); ++i) examples += (i > 0 ? ", '" : "'") + ids[i] + "'";
  return "look like " + std::string(id_kind_name(id_kind_of(ids))) + " (" + examples + ")";
}

std::string id_remedy(IdKind of_file, IdKind of_task) {
  const auto is = [&](IdKind file, IdKind task) { return of_file == file && of_task == task; };
  if (is(IdKind::versioned_ensembl_gene, IdKind::ensembl_gene)) {
    return "cut the versions off the file's ids: [i.split('.')[0] for i in ids]";
  }
  if (is(IdKind::ensembl_gene, IdKind::versioned_ensembl_gene)) {
    return "give the file's ids the versions of the task's, or prepare the task with ids without versions";
  }
  if (of_file == of_task && of_file != IdKind::unknown) {
    return "they are of the same kind: is it another species, another build, or another screen?";
  }
  if (of_file == IdKind::entrez && of_task != IdKind::entrez) {
    return "where the numbers count rows, name the column that holds the ids (NAME=PATH#COLUMN); where they are "
           "Entrez ids, translate them to the task's kind";
  }
  if (is(IdKind::smiles, IdKind::cid) || is(IdKind::cid, IdKind::smiles) || of_file == IdKind::chembl ||
      of_task == IdKind::chembl) {
    return "translate the file's ids to the task's kind (PubChem and ChEMBL have tables of both)";
  }
  if (is_of_genes(of_file) && is_of_genes(of_task)) {
    return "translate the file's ids to the task's kind: the var table of most screens has both, and so has Ensembl "
           "BioMart";
  }
  return "check that they are of the same kind (Ensembl ids, symbols, drug names)";
}

}  // namespace headroom
