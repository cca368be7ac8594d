// Linked into the executables of the sanitizer builds. Open MPI unloads its components when it ends; the frames of what
// they leaked then belong to an <unknown module>, which no suppression can name. So nothing is unloaded.
extern "C" int dlclose(void*) {
    return 0;
}
