# Makes the perceptron again in FOLDER and compares it with what is kept in SOURCE.
file(MAKE_DIRECTORY "${FOLDER}")
set(ENV{PYTHONDONTWRITEBYTECODE} 1)
execute_process(COMMAND "${PYTHON}" "${SOURCE}/make_model.py" "${FOLDER}" COMMAND_ERROR_IS_FATAL ANY)
foreach(name IN ITEMS model.onnx vocabulary.csv expected.csv)
  execute_process(COMMAND "${CMAKE_COMMAND}" -E compare_files "${SOURCE}/${name}" "${FOLDER}/${name}"
                  COMMAND_ERROR_IS_FATAL ANY)
endforeach()
