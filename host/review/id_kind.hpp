// What a list of ids looks like, and what helps where two lists that should name the same things share nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace headroom {

enum class IdKind {
  unknown,
  ensembl_gene,            // ENSG00000141510, ENSMUSG...
  versioned_ensembl_gene,  // ENSG00000141510.18
  ensembl_product,         // transcripts and proteins: ENST..., ENSP...
  symbol,                  // TP53, Trp53, HLA-A
  entrez,                  // 7157; also what merely counts rows
  cid,                     // CID2244, cid:2244: PubChem
  chembl,                  // CHEMBL25
  uniprot,                 // P04637
  smiles,                  // CC(=O)Oc1ccccc1C(=O)O
};

IdKind id_kind(std::string_view id);

// That of most of the ids; unknown where there is none.
IdKind id_kind_of(const std::vector<std::string>& ids);

// "Ensembl gene ids", "gene symbols"; "ids of no kind that is known here".
std::string_view id_kind_name(IdKind kind);

// "look like gene symbols ('MYC', 'TP53', 'KRAS')": three of them and what most are.
std::string ids_in_words(const std::vector<std::string>& ids);

// What to do with a file's ids so that they become the task's, as part of a sentence; never empty.
std::string id_remedy(IdKind of_file, IdKind of_task);

}  // namespace headroom
