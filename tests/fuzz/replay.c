/* Feeds every file of a corpus folder to a fuzz target: fuzzing's finds are ordinary tests. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed(const char *folder, const char *name)
{
	char path[4096];
	uint8_t *data = malloc(1 << 20);
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "rb");
	if (data == NULL || file == NULL) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	size = fread(data, 1, 1 << 20, file);
	fclose(file);
	fprintf(stderr, "%s\n", name);
	data = realloc(data, size > 0 ? size : 1); /* so that a sanitizer sees where it ends */
	LLVMFuzzerTestOneInput(data, size);
	free(data);
}

int main(int argc, char **argv)
{
	struct dirent *entry;
	DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
	int count = 0;

	if (folder == NULL) {
		fprintf(stderr, "usage: replay FOLDER\n");
		return EXIT_FAILURE;
	}
	while ((entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		feed(argv[1], entry->d_name);
		count++;
	}
	closedir(folder);
	printf("%d inputs\n", count);
	return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
