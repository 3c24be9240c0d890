/* A model as it is written by who has always written C: a table is read into global arrays, sorted, searched, and scaled
 * in place. Vectors are the columns of genes.tsv, log-transformed and standardised. */
#include <headroom/embedding.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(literal) {literal, sizeof(literal) - 1}
#define MAX_COLUMNS 16
#define MAX_LINE 4096

typedef struct {
  char name[64];
  double x[MAX_COLUMNS];
} gene_t;

static gene_t *genes = NULL;
static int n_genes = 0, n_columns = 0;

static int by_name(const void *a, const void *b) {
  return strcmp(((const gene_t *)a)->name, ((const gene_t *)b)->name);
}

static int die(const headroom_host *host, const char *what, const char *where) {
  char line[512];
  headroom_string message;
  message.data = line;
  message.size = snprintf(line, sizeof line, "%s: %s", where, what);
  host->set_error(host->handle, message);
  return HEADROOM_ERROR;
}

static void standardise(void) {
  int i, j;
  for (j = 0; j < n_columns; j++) {
    double mean = 0, ss = 0;
    for (i = 0; i < n_genes; i++) mean += genes[i].x[j] = log1p(genes[i].x[j]);
    mean /= n_genes;
    for (i = 0; i < n_genes; i++) ss += (genes[i].x[j] - mean) * (genes[i].x[j] - mean);
    ss = sqrt(ss / n_genes);
    for (i = 0; i < n_genes; i++) genes[i].x[j] = ss > 0 ? (genes[i].x[j] - mean) / ss : 0;
  }
}

static headroom_status load(const headroom_host *host, void **state) {
  char path[1024], line[MAX_LINE];
  int size = 0;
  FILE *file;
  snprintf(path, sizeof path, "%.*s/genes.tsv", (int)host->data_folder.size, host->data_folder.data);
  if ((file = fopen(path, "r")) == NULL) return die(host, "cannot open", path);
  while (fgets(line, sizeof line, file) != NULL) {
    char *field;
    int column = 0;
    if (line[0] == '#') continue;
    if (n_genes == size && (genes = realloc(genes, (size = size ? 2 * size : 16) * sizeof *genes)) == NULL) abort();
    if ((field = strtok(line, "\t\n")) == NULL) continue;
    snprintf(genes[n_genes].name, sizeof genes[n_genes].name, "%s", field);
    while ((field = strtok(NULL, "\t\n")) != NULL && column < MAX_COLUMNS) genes[n_genes].x[column++] = atof(field);
    if (n_genes++ > 0 && column != n_columns) return die(host, "rows of unequal length", path);
    n_columns = column;
  }
  fclose(file);
  if (n_genes == 0 || n_columns == 0) return die(host, "no genes", path);
  standardise();
  qsort(genes, n_genes, sizeof *genes, by_name);
  *state = genes;
  return HEADROOM_OK;
}

static headroom_status dimension(const headroom_host *host, void *state, const headroom_embedding_request *request,
                                 int64_t *columns) {
  (void)host, (void)state, (void)request;
  *columns = n_columns;
  return HEADROOM_OK;
}

static headroom_status embed(const headroom_host *host, void *state, const headroom_embedding_request *request,
                             headroom_embedding_output *output) {
  int64_t i;
  (void)host, (void)state;
  for (i = 0; i < request->n_ids; i++) {
    gene_t key, *found;
    if (request->ids[i].size >= (int64_t)sizeof key.name) continue;
    memcpy(key.name, request->ids[i].data, request->ids[i].size);
    key.name[request->ids[i].size] = '\0';
    if ((found = bsearch(&key, genes, n_genes, sizeof *genes, by_name)) == NULL) continue;
    memcpy(output->vectors.data + i * output->vectors.row_stride, found->x, n_columns * sizeof(double));
    output->present[i] = 1;
  }
  return HEADROOM_OK;
}

static const headroom_embedding embedding = {sizeof(headroom_embedding), 0, 0, load, dimension, embed, NULL};

static const headroom_plugin plugin = {.struct_size = sizeof(headroom_plugin),
                                       .abi_major = HEADROOM_ABI_MAJOR,
                                       .abi_minor = HEADROOM_ABI_MINOR,
                                       .kind = HEADROOM_KIND_EMBEDDING,
                                       .name = TEXT("c_table"),
                                       .version = TEXT("0.3"),
                                       .description = TEXT("columns of genes.tsv, log-transformed and standardised"),
                                       .licence = TEXT("Apache-2.0"),
                                       .capability = &embedding};

const headroom_plugin *headroom_plugin_entry(uint32_t abi_major, uint32_t index) {
  return abi_major == HEADROOM_ABI_MAJOR && index == 0 ? &plugin : NULL;
}
